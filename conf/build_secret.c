#include "conf/build.h"

#include "conf/file.h"
#include "conf/limits.h"

#include <stdlib.h>
#include <string.h>

/* The content of a file without the line break at its end. */
static const char *from_file(struct build *b, const struct tree_node *n, const char *path)
{
    struct diag *d = b->diag;
    const char *why;
    size_t len;
    /* two bytes more than a secret: its line break */
    char *text = conf_file_read(d->arena, path, LIMIT_SECRET_BYTES + 2, &len, &why);
    if (!text) {
        tree_fault(d, n, "could not read %s: %s", diag_path(d, path), why);
        return NULL;
    }
    if (len > 0 && text[len - 1] == '\n')
        len -= 1 + (len > 1 && text[len - 2] == '\r');
    text[len] = '\0';
    if (len == 0)
        tree_fault(d, n, "%s is empty", diag_path(d, path));
    else if (memchr(text, '\0', len) || strpbrk(text, "\r\n"))
        tree_fault(d, n, "%s must hold one line of text", diag_path(d, path));
    else if (len > LIMIT_SECRET_BYTES)
        tree_fault(d, n, "%s is too large", diag_path(d, path));
    else
        return text;
    return NULL;
}

static const char *from_credential(struct build *b, const struct tree_node *n)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (n->text[0] == '.' || strchr(n->text, '/'))
        tree_fault(b->diag, n, "%s is not the name of a credential", diag_quote(b->diag, n->text));
    else if (!dir || dir[0] != '/')
        tree_fault(b->diag, n, "there are no credentials: CREDENTIALS_DIRECTORY is not set");
    else {
        const char *path = conf_file_below(b->diag->arena, dir, n->text);
        return path ? from_file(b, n, path) : NULL;
    }
    return NULL;
}

const char *build_secret(struct build *b, const struct tree_node *map,
                         const struct tree_node **ret_given)
{
    static const char *const keys[] = {"secret", "secret_file", "secret_credential"};
    const struct tree_node *given = NULL;
    *ret_given = NULL;
    for (size_t i = 0; i < 3; i++) {
        const struct tree_node *n = tree_get(map, keys[i]);
        if (n && given) {
            tree_fault_name(b->diag, n, "the secret is already given by %s", given->name);
            return NULL;
        }
        if (n)
            *ret_given = given = n;
    }
    if (!given || given->kind != TREE_TEXT || given->null || given->len == 0)
        return NULL;
    if (strcmp(given->name, "secret") == 0)
        return given->text;
    if (strcmp(given->name, "secret_credential") == 0)
        return from_credential(b, given);
    const char *path = conf_file_below(b->diag->arena, b->dir, given->text);
    return path ? from_file(b, given, path) : NULL;
}
