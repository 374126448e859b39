/* options.h: the command line. */
#pragma once

#include "conf/conf.h"
#include "daemon/transfer.h"

#include <stdbool.h>

#define OPTIONS_DEFAULT_CONF "/etc/partywall/partywall.yaml"

enum options_command {
    OPTIONS_SERVE,
    OPTIONS_CHECK,
    OPTIONS_EXPLAIN,
    OPTIONS_REFERENCE,
    OPTIONS_POLICY,
    OPTIONS_SECRET,
    OPTIONS_EXPORT,
    OPTIONS_IMPORT,
    OPTIONS_HELP,
    OPTIONS_VERSION
};

struct options {
    enum options_command command;
    const char *conf_path; /* borrowed from argv, as all texts */
    bool live;             /* CHECK: the catalogs too */
    bool takeover;         /* SERVE: listen where another daemon does */
    const char *tenant, *sql; /* EXPLAIN; never NULL then */
    struct transfer_options transfer; /* EXPORT, IMPORT */
};

/* 0, or -1 after a line on standard error: exit with status 2. */
int options_parse(int argc, char **argv, struct options *ret);

/* The configuration, or NULL after saying everything that is wrong with it. */
struct conf *options_load(const char *conf_path);

/* The commands that need no daemon; each returns the exit status. */
int options_run_check(const char *conf_path);
int options_run_reference(void);
int options_run_policy(const char *conf_path);
int options_run_secret(void);
int options_run_help(void);
int options_run_version(void);
