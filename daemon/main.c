#include "daemon/check_live.h"
#include "daemon/crew.h"
#include "daemon/explain.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "daemon/store/store.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* Two descriptors for each client in work: the default of 1,024 is soon reached. */
static void main_raise_descriptors(struct daemon_log *log)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warning(log, "could not raise the limit of file descriptors");
}

static int main_serve(const char *path, bool takeover)
{
    struct daemon_log log;
    struct err err;
    struct conf *conf = options_load(path);
    if (!conf)
        return 1;
    log_init(&log, STDERR_FILENO);
    log_configure(&log, (enum log_level)conf->log.level, conf->log.json);
    main_raise_descriptors(&log);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL and libpq write without MSG_NOSIGNAL */
    struct crew crew = {.takes_over = takeover};
    if (crew_open(&crew, conf, &log, &err) != 0) {
        log_error(&log, "%s", err.message);
        conf_unref(conf);
        return 1;
    }
    log_info(&log, "partywall %s serves \"%s\"", PARTYWALL_VERSION, conf->path);
    int rc = crew_run(&crew, &err);
    if (rc != 0)
        log_error(&log, "%s", err.message);
    crew_release(&crew);
    log_info(&log, "stopped");
    return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o;
    if (options_parse(argc, argv, &o) != 0)
        return 2;
    store_init();
    switch (o.command) {
    case OPTIONS_SERVE:
        return main_serve(o.conf_path, o.takeover);
    case OPTIONS_CHECK:
        return o.live ? check_live_run(o.conf_path) : options_run_check(o.conf_path);
    case OPTIONS_EXPLAIN:
        return explain_run(o.conf_path, o.tenant, o.sql);
    case OPTIONS_REFERENCE:
        return options_run_reference();
    case OPTIONS_POLICY:
        return options_run_policy(o.conf_path);
    case OPTIONS_SECRET:
        return options_run_secret();
    case OPTIONS_EXPORT:
        return transfer_export(&o.transfer);
    case OPTIONS_IMPORT:
        return transfer_import(&o.transfer);
    case OPTIONS_HELP:
        return options_run_help();
    case OPTIONS_VERSION:
        return options_run_version();
    }
    return 2;
}
