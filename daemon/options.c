#include "daemon/options.h"

#include "daemon/tls.h"
#include "protocol/scram.h"

#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    const char *name;
    enum options_command command;
} options_commands[] = {
    {"serve", OPTIONS_SERVE},
    {"check", OPTIONS_CHECK},
    {"explain", OPTIONS_EXPLAIN},
    {"config", OPTIONS_REFERENCE},
    {"policy", OPTIONS_POLICY},
    {"secret", OPTIONS_SECRET},
    {"export", OPTIONS_EXPORT},
    {"import", OPTIONS_IMPORT},
};

static int options_fail(const char *what, const char *text)
{
    fprintf(stderr, "partywall: %s%s\nTry \"partywall --help\".\n", what, text);
    return -1;
}

static int options_command(const char *word, enum options_command *ret)
{
    for (size_t i = 0; i < sizeof options_commands / sizeof options_commands[0]; i++) {
        if (strcmp(word, options_commands[i].name) == 0) {
            *ret = options_commands[i].command;
            return 0;
        }
    }
    return options_fail("unknown command: ", word);
}

static bool options_transfers(const struct options *o)
{
    return o->command == OPTIONS_EXPORT || o->command == OPTIONS_IMPORT;
}

/* A word that is no option. */
static int options_word(struct options *o, bool *command, const char *word)
{
    const char **slot = options_transfers(o)                ? &o->transfer.path
                        : o->command == OPTIONS_EXPLAIN ? &o->sql
                                                        : NULL;
    if (*command && slot && !*slot) {
        *slot = word;
        return 0;
    }
    if (*command)
        return options_fail("one command at a time: ", word);
    *command = true;
    return options_command(word, &o->command);
}

static int options_format(struct options *o, const char *word)
{
    o->transfer.to_store = strcmp(word, "store") == 0;
    if (o->transfer.to_store || strcmp(word, "sql") == 0)
        return 0;
    return options_fail("unknown format: ", word);
}

static int options_check_transfer(struct options *o, bool format)
{
    const struct transfer_options *t = &o->transfer;
    if (!options_transfers(o))
        return format || t->as || t->shared || t->replace
                   ? options_fail("", "--format, --as, --shared and --replace belong to \"partywall export\" and "
                                      "\"partywall import\"")
                   : 0;
    bool exports = o->command == OPTIONS_EXPORT;
    if (exports && (t->as || t->replace))
        return options_fail("", "--as and --replace belong to \"partywall import\"");
    if (!exports && format)
        return options_fail("", "--format belongs to \"partywall export\"");
    if (!o->tenant || !t->path)
        return options_fail("", exports ? "\"partywall export\" wants --tenant NAME and where to"
                                        : "\"partywall import\" wants --tenant NAME and where from");
    o->transfer.tenant = o->tenant;
    o->transfer.conf_path = o->conf_path;
    return 0;
}

int options_parse(int argc, char **argv, struct options *ret)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {"reference", no_argument, NULL, 'r'},
        {"live", no_argument, NULL, 'l'},
        {"takeover", no_argument, NULL, 'T'},
        {"tenant", required_argument, NULL, 't'},
        {"rls-sql", no_argument, NULL, 'R'},
        {"as", required_argument, NULL, 'a'},
        {"format", required_argument, NULL, 'f'},
        {"shared", no_argument, NULL, 's'},
        {"replace", no_argument, NULL, 'p'},
        {0},
    };
    struct options o = {.command = OPTIONS_SERVE, .conf_path = OPTIONS_DEFAULT_CONF};
    bool help = false, version = false, reference = false, rls = false, command = false,
         format = false;
    int c;
    while ((c = getopt_long(argc, argv, "-c:hV", longs, NULL)) != -1) { /* '-': words come as 1 */
        switch (c) {
        case 'c':
            o.conf_path = optarg;
            break;
        case 'h':
            help = true;
            break;
        case 'V':
            version = true;
            break;
        case 'r':
            reference = true;
            break;
        case 'l':
            o.live = true;
            break;
        case 'T':
            o.takeover = true;
            break;
        case 't':
            o.tenant = optarg;
            break;
        case 'R':
            rls = true;
            break;
        case 'a':
            o.transfer.as = optarg;
            break;
        case 'f':
            format = true;
            if (options_format(&o, optarg) != 0)
                return -1;
            break;
        case 's':
            o.transfer.shared = true;
            break;
        case 'p':
            o.transfer.replace = true;
            break;
        case 1:
            if (options_word(&o, &command, optarg) != 0)
                return -1;
            break;
        default: /* getopt has said it */
            return options_fail("", "invalid command line");
        }
    }
    if (optind < argc)
        return options_fail("unexpected word: ", argv[optind]);
    if (reference != (o.command == OPTIONS_REFERENCE))
        return options_fail("", reference ? "--reference belongs to \"partywall config\""
                                          : "\"partywall config\" wants --reference");
    if (o.live && o.command != OPTIONS_CHECK)
        return options_fail("", "--live belongs to \"partywall check\"");
    if (o.takeover && o.command != OPTIONS_SERVE)
        return options_fail("", "--takeover belongs to \"partywall serve\"");
    if (o.tenant && o.command != OPTIONS_EXPLAIN && !options_transfers(&o))
        return options_fail("", "--tenant belongs to \"partywall explain\", \"export\" and \"import\"");
    if (o.command == OPTIONS_EXPLAIN && !(o.tenant && o.sql) && !help && !version)
        return options_fail("", "\"partywall explain\" wants --tenant NAME and the SQL");
    if (!help && !version && options_check_transfer(&o, format) != 0)
        return -1;
    if (rls != (o.command == OPTIONS_POLICY))
        return options_fail("", rls ? "--rls-sql belongs to \"partywall policy\""
                                    : "\"partywall policy\" wants --rls-sql");
    if (help)
        o.command = OPTIONS_HELP;
    else if (version)
        o.command = OPTIONS_VERSION;
    *ret = o;
    return 0;
}

/* -- the commands that need no daemon -- */

struct conf *options_load(const char *conf_path)
{
    struct conf_errors errors = {0};
    struct conf *conf = conf_load(conf_path, &errors);
    for (size_t i = 0; i < errors.n; i++)
        fprintf(stderr, "%s\n", errors.lines[i]);
    conf_errors_release(&errors);
    return conf;
}

int options_run_check(const char *conf_path)
{
    struct err err;
    SSL_CTX *tls = NULL;
    struct conf *conf = options_load(conf_path);
    if (!conf)
        return 1;
    int rc = tls_context_new(conf, &tls, &err);
    if (rc == 0)
        printf("%s: valid\n", conf_path);
    else
        fprintf(stderr, "%s: in tls: %s\n", conf_path, err.message);
    SSL_CTX_free(tls);
    conf_unref(conf);
    return rc == 0 ? 0 : 1;
}

int options_run_reference(void)
{
    conf_reference(stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

int options_run_version(void)
{
    printf("partywall %s\n", PARTYWALL_VERSION);
    return 0;
}

int options_run_help(void)
{
    printf(
        "partywall: a wall between the tenants who share one PostgreSQL\n"
        "\n"
        "  partywall [serve] [-c FILE] [--takeover]\n"
        "                                    serve clients; SIGHUP reloads, SIGTERM drains;\n"
        "                                    --takeover: on the addresses of the daemon to be "
        "replaced\n"
        "  partywall check [-c FILE] [--live]\n"
        "                                    say everything that is wrong with the configuration;\n"
        "                                    --live: and with the databases, and what mends it\n"
        "  partywall explain [-c FILE] --tenant NAME 'SQL'\n"
        "                                    say what the policy makes of a tenant's statement\n"
        "  partywall config --reference      print every key of the configuration\n"
        "  partywall policy --rls-sql [-c FILE]\n"
        "                                    print the row security policies that say the same in "
        "the database\n"
        "  partywall export [-c FILE] --tenant NAME [--format sql|store] [--shared] OUT\n"
        "                                    write a tenant's rows as SQL, or as the folder of a store\n"
        "  partywall import [-c FILE] --tenant NAME [--as NEW] [--replace] [--shared] IN\n"
        "                                    take them in, in one transaction\n"
        "  partywall secret                  read a password, print the verifier to keep instead\n"
        "  partywall --help | --version\n"
        "\n"
        "FILE is %s unless told.\n"
        "Status: 0 success, 1 failure, 2 invalid command line.\n",
        OPTIONS_DEFAULT_CONF);
    return 0;
}

/* -- secret -- */

#define SECRET_BYTES 1024

/* One line from standard input, without its end, into ${ret}.  -1: none, too long, or with a NUL.
 */
static int secret_read(char ret[SECRET_BYTES])
{
    size_t len = 0;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        if (c == 0 || len + 1 == SECRET_BYTES)
            return -1;
        ret[len++] = (char)c;
    }
    if (len > 0 && ret[len - 1] == '\r')
        len--;
    ret[len] = 0;
    return len > 0 ? 0 : -1;
}

/* The same from a terminal, unseen. */
static int secret_ask(const char *prompt, char ret[SECRET_BYTES])
{
    struct termios old, quiet;
    if (tcgetattr(STDIN_FILENO, &old) != 0)
        return -1;
    quiet = old;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fputs(prompt, stderr);
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
        return -1;
    int rc = secret_read(ret);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fputc('\n', stderr);
    return rc;
}

static int secret_get(char ret[SECRET_BYTES])
{
    if (!isatty(STDIN_FILENO))
        return secret_read(ret);
    char again[SECRET_BYTES];
    if (secret_ask("Password: ", ret) != 0 || secret_ask("Again: ", again) != 0)
        return -1;
    bool same = strcmp(ret, again) == 0;
    OPENSSL_cleanse(again, sizeof again);
    return same ? 0 : -1;
}

int options_run_secret(void)
{
    char password[SECRET_BYTES], text[SCRAM_VERIFIER_TEXT_MAX];
    struct scram_verifier verifier;
    struct err err;
    int rc = secret_get(password);
    if (rc != 0)
        err_set(&err, "28P01", "no password, or not twice the same, or longer than %d bytes",
                SECRET_BYTES - 1);
    else
        rc = scram_verifier_make((struct slice){password, strlen(password)},
                                 SCRAM_DEFAULT_ITERATIONS, &verifier, &err);
    OPENSSL_cleanse(password, sizeof password);
    if (rc != 0) {
        fprintf(stderr, "partywall: %s\n", err.message);
        return 1;
    }
    scram_verifier_format(&verifier, text);
    printf("%s\n", text);
    return 0;
}
