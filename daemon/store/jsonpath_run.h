/* jsonpath_run.h: between jsonpath_run.c and jsonpath_predicate.c. */
#pragma once

#include "daemon/store/functions_impl.h"
#include "daemon/store/jsonpath.h"

/* jsonb values, as their texts. */
struct jsonpath_list {
    struct slice *items;
    size_t n, cap;
};

enum jsonpath_result { JSONPATH_OK, JSONPATH_NOT_FOUND, JSONPATH_ERROR };
enum jsonpath_truth { JSONPATH_FALSE, JSONPATH_TRUE, JSONPATH_UNKNOWN };

struct jsonpath_run {
    sqlite3_context *ctx;
    const struct jsonpath *path;
    struct slice root, vars, current;
    bool strict;
    bool ignore; /* structural errors */
    bool throws; /* errors end the statement */
    bool failed; /* one has: it is in the context's `raised` */
    int64_t array_size; /* of the innermost subscript; -1: none */
    int depth;
    struct arena arena;
};

char jsonpath_kind(struct slice v); /* o a s(tring) n(umber) b(oolean) 0 (null) */
bool jsonpath_keep(struct jsonpath_run *r, struct jsonpath_list *to, struct slice v);
struct slice jsonpath_text(struct jsonpath_run *r, struct slice quoted); /* a string's content */
/* What the statement fails with, whatever `silent` says. */
enum jsonpath_result jsonpath_fail(struct jsonpath_run *r, const char *sqlstate,
                                   const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An error of SQL/JSON: fails when they are thrown. */
enum jsonpath_result jsonpath_raise(struct jsonpath_run *r, const char *sqlstate,
                                    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ${found} NULL: is there any?  */
enum jsonpath_result jsonpath_item(struct jsonpath_run *r, const struct jsonpath_node *n,
                                   struct slice v, struct jsonpath_list *found, bool unwrap);
enum jsonpath_result jsonpath_items(struct jsonpath_run *r, const struct jsonpath_node *n,
                                    struct slice v, bool unwrap, struct jsonpath_list *found);
/* jsonpath_predicate.c */
enum jsonpath_truth jsonpath_test(struct jsonpath_run *r, const struct jsonpath_node *n,
                                  struct slice v);
/* jsonpath_number.c */
enum jsonpath_result jsonpath_arithmetic(struct jsonpath_run *r, const struct jsonpath_node *n,
                                         struct slice a, struct slice b, struct slice *ret);
struct slice jsonpath_negated(struct jsonpath_run *r, struct slice number);
struct slice jsonpath_rounded(struct jsonpath_run *r, enum jsonpath_op op, struct slice number);
enum jsonpath_result jsonpath_double(struct jsonpath_run *r, struct slice v, struct slice *ret);
struct slice jsonpath_int(struct jsonpath_run *r, int64_t v);
