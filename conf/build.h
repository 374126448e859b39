/* build.h: from a tree that the schema has checked to the snapshot; what the schema cannot see.
 *
 * Each build_ function fills its part of the snapshot and reports what is wrong between keys.  They
 * run also after the schema has found faults, so that everything is reported at once: a faulty
 * value counts as its default, and a missing one as "". */
#pragma once

#include "conf/conf.h"
#include "conf/tree.h"

struct build {
    struct conf *conf;
    struct conf_arena *arena; /* the snapshot's; strings are copied into it */
    struct diag *diag;
    const char *dir; /* relative paths of the file are below it */
    const struct tree_node *root;
};

void build_daemon(struct build *b);   /* listen, tls, workers, log */
void build_backends(struct build *b); /* before tenants */
void build_policy(struct build *b);
void build_tenants(struct build *b);  /* after these, before logins */
void build_logins(struct build *b); /* last: derives verifiers only when nothing is wrong so far */

/* Fill in conf->owned: the tenants' names are all there. */
void build_owned(struct build *b);

/* The rules of `columns` of a table, whose tenant column, or that to its parent, is known. */
void build_columns(struct build *b, struct rule_table *t, const struct tree_node *columns);

/* The secret that one of the keys secret, secret_file and secret_credential of ${map} gives, in the
 * arena of the tree.  NULL: none is given, or a fault was reported (*ret_given: one is given). */
const char *build_secret(struct build *b, const struct tree_node *map,
                         const struct tree_node **ret_given);

/* A copy in the snapshot; NULL for NULL. */
char *build_text(struct build *b, const char *text);
/* The texts of a list, or the text that stands for a list of one: `for (n = build_first(l); n; n =
 * build_next(l, n))`.  Elements of other types are left out: the schema has told. */
const struct tree_node *build_first(const struct tree_node *list);
const struct tree_node *build_next(const struct tree_node *list, const struct tree_node *n);
/* At least as many as those. */
size_t build_items(const struct tree_node *list);
/* The brief name of the file that ${n} stands in, in the snapshot. */
const char *build_file(struct build *b, const struct tree_node *n);
/* "; did you mean ...?" among the children of ${map}. */
const char *build_nearest(struct build *b, const struct tree_node *map, const char *wrong);
