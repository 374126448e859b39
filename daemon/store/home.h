/* home.h: a store's directory: who has it, what its files are called, and what is common to them.
 *
 *   lock             one process has the directory: a lock (flock), and its process id as text
 *   store.sqlite3    layout "shared": everything
 *   schema.sqlite3   layout "files": the owner's file; see follow.c
 *   tenants/NAME.db  layout "files": one tenant's
 *
 * Directories are 0700, files 0600, and a directory is synchronised when something was made in it.
 * A file that nobody has open has no write-ahead log (NAME-wal): SQLite takes it away when the last
 * connection closes.  So one that is found at the first opening is the mark of an end that was not
 * clean, for each file by itself, and costs nothing while all is well. */
#pragma once

#include "daemon/store/store.h"

#include <pthread.h>
#include <stdatomic.h>

enum store_role {
    STORE_SHARED, /* the one file of all tenants */
    STORE_SCHEMA, /* the owner's file */
    STORE_TENANT, /* one tenant's file */
};

struct store_home {
    struct store_options options; /* the directory's text is ours */
    char *directory;
    int lock_fd;                  /* -1: a guest beside the process that has it */
    atomic_uint_fast64_t version; /* of the owner's file, as committed; see follow.c */
};

/* The file of ${role}, which is there, empty if it is new.  malloc'd; NULL: ${err} 58030, 53200. */
char *home_file(struct store_home *h, enum store_role role, const char *tenant, struct err *err);
int home_make_file(const char *path, struct err *err) MUSTCHECK;
/* Has whoever used the file last gone without closing it? */
bool home_file_was_left(const char *path);
/* A tenant's name as a file's: a-z 0-9 and - are themselves, any other byte is _ and two hexadecimal
 * digits, and a name that would be too long is "_." and its SHA-256; ".db" behind.  So no two tenants
 * have the same, also where the file system does not tell a from A.  malloc'd; NULL: no memory. */
char *home_tenant_file(const char *tenant);
/* Say it in the log. */
void home_tell(const struct store_home *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
