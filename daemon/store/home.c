#include "daemon/store/home.h"

#include "protocol/sqlstate.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLAIN_MAX 200 /* of a file's name; the file systems' limit is 255, with "-journal" behind */

void home_tell(const struct store_home *h, const char *format, ...)
{
    char text[1024];
    va_list ap;
    if (!h->options.tell)
        return;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    h->options.tell(h->options.arg, text);
}

static int io_error(const char *what, const char *path, struct err *err)
{
    return err_set(err, errno == ENOSPC ? "53100" : SQLSTATE_IO_ERROR, "could not %s \"%s\": %s",
                   what, path, strerror(errno));
}

/* What was made in ${path} stays, also when the power fails. */
static int sync_directory(const char *path, struct err *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = fd < 0 ? -1 : fsync(fd);
    if (rc < 0)
        io_error("synchronise directory", path, err);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int sync_parent(const char *path, struct err *err)
{
    char *copy = strdup(path);
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = sync_directory(dirname(copy), err);
    free(copy);
    return rc;
}

static int make_directory(const char *path, struct err *err)
{
    if (mkdir(path, 0700) == 0)
        return sync_parent(path, err);
    return errno == EEXIST ? 0 : io_error("create directory", path, err);
}

int home_make_file(const char *path, struct err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : io_error("create file", path, err);
    close(fd);
    return sync_parent(path, err);
}

/* -- one process has it -- */

#define LOCK_STEP_MS 50
#define LOCK_TRIES   60

/* A daemon that is being taken over from ends as soon as its clients let it: that is waited for. */
static bool take_lock(int fd, bool guest)
{
    struct timespec step = {0, LOCK_STEP_MS * 1000000L};
    for (int i = 0; i < LOCK_TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (guest)
            return false;
        nanosleep(&step, NULL);
    }
    return false;
}

static int in_use(const struct store_home *h, int fd, struct err *err)
{
    char text[24] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    if (pid > 0)
        return err_set(err, "55006", "the store \"%s\" is in use by process %ld", h->directory, pid);
    return err_set(err, "55006", "the store \"%s\" is in use by another process", h->directory);
}

static int take(struct store_home *h, struct err *err)
{
    char *path = NULL, pid[24];
    if (asprintf(&path, "%s/lock", h->directory) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = -1, fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        io_error("open", path, err);
    } else if (take_lock(fd, h->options.guest)) {
        int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
        rc = ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) == n
                 ? 0
                 : io_error("write", path, err);
    } else if (h->options.guest) {
        close(fd);
        fd = -1;
        rc = 0;
    } else {
        in_use(h, fd, err);
    }
    if (rc < 0 && fd >= 0)
        close(fd);
    h->lock_fd = rc < 0 ? -1 : fd;
    free(path);
    return rc;
}

/* A directory of the one layout is not one of the other. */
static int check_layout(const struct store_home *h, struct err *err)
{
    char *path = NULL;
    const char *other = h->options.files ? "store.sqlite3" : "schema.sqlite3";
    if (asprintf(&path, "%s/%s", h->directory, other) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    bool there = access(path, F_OK) == 0;
    free(path);
    if (!there)
        return 0;
    err_set(err, "55000", "the store \"%s\" has the layout \"%s\"", h->directory,
            h->options.files ? "shared" : "file");
    err_hint(err, "Export its tenants, and import them into another directory.");
    return -1;
}

int store_home_open(const struct store_options *o, struct store_home **ret, struct err *err)
{
    struct store_home *h = calloc(1, sizeof *h);
    char *directory = strdup(o->directory);
    if (!h || !directory) {
        free(h);
        free(directory);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    h->options = *o;
    h->options.directory = h->directory = directory;
    h->lock_fd = -1;
    if (make_directory(h->directory, err) < 0 || take(h, err) < 0)
        goto fail_free;
    if (check_layout(h, err) < 0)
        goto fail_close;
    *ret = h;
    return 0;
fail_close:
    if (h->lock_fd >= 0)
        close(h->lock_fd);
fail_free:
    free(h->directory);
    free(h);
    return -1;
}

void store_home_close(struct store_home *h)
{
    if (!h)
        return;
    if (h->lock_fd >= 0 && ftruncate(h->lock_fd, 0) == 0)
        fsync(h->lock_fd);
    if (h->lock_fd >= 0)
        close(h->lock_fd);
    free(h->directory);
    free(h);
}

/* -- its files -- */

char *home_tenant_file(const char *tenant)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    size_t n = strlen(tenant), len = 0;
    char *name = malloc(3 * n + 2 * sizeof digest + 8);
    if (!name)
        return NULL;
    for (const char *p = tenant; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || *p == '-') {
            name[len++] = *p;
            continue;
        }
        name[len++] = '_';
        name[len++] = digits[(unsigned char)*p >> 4];
        name[len++] = digits[(unsigned char)*p & 15];
    }
    if (len > PLAIN_MAX) {
        SHA256((const unsigned char *)tenant, n, digest);
        memcpy(name, "_.", 2);
        len = 2;
        for (size_t i = 0; i < sizeof digest; i++) {
            name[len++] = digits[digest[i] >> 4];
            name[len++] = digits[digest[i] & 15];
        }
    }
    memcpy(name + len, ".db", 4);
    return name;
}

static char *tenant_path(struct store_home *h, const char *tenant, struct err *err)
{
    char *path = NULL, *folder = NULL, *name = home_tenant_file(tenant);
    if (!name || asprintf(&folder, "%s/tenants", h->directory) < 0)
        folder = NULL;
    if (folder && asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (!path)
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    else if (make_directory(folder, err) < 0) {
        free(path);
        path = NULL;
    }
    free(folder);
    free(name);
    return path;
}

char *home_file(struct store_home *h, enum store_role role, const char *tenant, struct err *err)
{
    char *path = NULL;
    if (role == STORE_TENANT)
        path = tenant_path(h, tenant, err);
    else if (asprintf(&path, "%s/%s", h->directory,
                      role == STORE_SHARED ? "store.sqlite3" : "schema.sqlite3") < 0) {
        path = NULL;
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (path && home_make_file(path, err) < 0) {
        free(path);
        path = NULL;
    }
    return path;
}

bool home_file_was_left(const char *path)
{
    struct stat st;
    char *log = NULL;
    if (asprintf(&log, "%s-wal", path) < 0)
        return true; /* looking twice does no harm */
    bool left = stat(log, &st) == 0 && st.st_size > 0;
    free(log);
    return left;
}
