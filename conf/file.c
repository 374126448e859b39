#include "conf/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_regular(const char *path, size_t max_bytes, size_t *ret_size, const char **ret_why)
{
    /* O_NONBLOCK: a FIFO must not hold up a reload */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        *ret_why = strerror(errno);
    else if (!S_ISREG(st.st_mode))
        *ret_why = S_ISDIR(st.st_mode) ? "Is a directory" : "Not a regular file";
    else if (st.st_size > (off_t)max_bytes)
        *ret_why = "File too large";
    else {
        *ret_size = (size_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

char *conf_file_read(struct conf_arena *a, const char *path, size_t max_bytes, size_t *ret_len,
                     const char **ret_why)
{
    size_t size, len = 0;
    int fd = open_regular(path, max_bytes, &size, ret_why);
    if (fd < 0)
        return NULL;
    char *ret = conf_arena_alloc(a, size + 1);
    ssize_t got = 1;
    while (ret && len < size && got > 0) {
        got = read(fd, ret + len, size - len);
        if (got > 0)
            len += (size_t)got;
        else if (got < 0 && errno == EINTR)
            got = 1;
    }
    *ret_why = got < 0 ? strerror(errno) : "out of memory";
    close(fd);
    if (!ret || got < 0)
        return NULL;
    *ret_len = len;
    return ret;
}

char *conf_file_below(struct conf_arena *a, const char *dir, const char *path)
{
    while (path[0] == '.' && path[1] == '/') {
        path += 2;
        path += strspn(path, "/");
    }
    if (path[0] == '/')
        return conf_arena_text(a, path, strlen(path));
    if (strcmp(path, ".") == 0 || path[0] == '\0')
        return conf_arena_text(a, dir, strlen(dir));
    return conf_arena_format(a, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, path);
}

char *conf_file_folder(struct conf_arena *a, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash == path ? conf_arena_text(a, "/", 1)
                : slash       ? conf_arena_text(a, path, (size_t)(slash - path))
                              : conf_arena_text(a, ".", 1);
    char *real = dir ? realpath(dir, NULL) : NULL;
    char *ret = real ? conf_arena_text(a, real, strlen(real)) : NULL;
    free(real);
    return ret;
}
