/* Calls about what all sessions of a database share: channels and advisory locks.
 *
 * Their names are put into a space of the tenant's own: the name of a channel and the key of a lock become a
 * digest of tenant and name.  Two tenants would have to find two texts with one SHA-256 (of locks, with one
 * hash of 64 bits of it) to meet.  daemon/channels.c makes the same names of channels for LISTEN. */
#include "policy/scope_nodes.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* What a function does with its first arguments. */
enum space { CHANNEL, LOCK, LOCK_OF_TRANSACTION, UNLOCK, UNLOCK_ALL };

static const struct spaced {
    const char *name;
    enum space space;
} functions[] = {
    {"pg_advisory_lock", LOCK},
    {"pg_advisory_lock_shared", LOCK},
    {"pg_advisory_unlock", UNLOCK},
    {"pg_advisory_unlock_all", UNLOCK_ALL},
    {"pg_advisory_unlock_shared", UNLOCK},
    {"pg_advisory_xact_lock", LOCK_OF_TRANSACTION},
    {"pg_advisory_xact_lock_shared", LOCK_OF_TRANSACTION},
    {"pg_notify", CHANNEL},
    {"pg_try_advisory_lock", LOCK},
    {"pg_try_advisory_lock_shared", LOCK},
    {"pg_try_advisory_xact_lock", LOCK_OF_TRANSACTION},
    {"pg_try_advisory_xact_lock_shared", LOCK_OF_TRANSACTION},
};

static const struct spaced *find(const struct scoper *s, const FuncCall *call)
{
    const char *name = strVal(llast(call->funcname));
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strcmp(functions[i].name, name))
            return authorise_means_builtin(&s->auth, call->funcname) ? &functions[i] : NULL;
    return NULL;
}

static bool is_plain(const FuncCall *call)
{
    ListCell *cell;
    foreach (cell, call->args)
        if (IsA(lfirst(cell), NamedArgExpr))
            return false;
    return !call->func_variadic && !call->agg_order && !call->agg_filter && !call->over &&
           !call->agg_star && !call->agg_distinct && !call->agg_within_group;
}

/* How many arguments the call may have. */
static bool fits(enum space space, int nargs)
{
    if (space == CHANNEL)
        return nargs == 2;
    return space == UNLOCK_ALL ? nargs == 0 : nargs == 1 || nargs == 2;
}

static bool is_empty_text(const Node *node)
{
    while (IsA(node, TypeCast))
        node = ((const TypeCast *)node)->arg;
    const char *text = scope_constant_text(node);
    return text && !*text;
}

int scope_call(struct scoper *s, FuncCall *call)
{
    const struct spaced *f = find(s, call);
    bool channel = f && f->space == CHANNEL;
    if (!f)
        return 0;
    if (!is_plain(call) || !fits(f->space, list_length(call->args)))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, call->location,
                            "function %s is not supported in this form for confined sessions",
                            f->name);
    if (channel && is_empty_text(linitial(call->args)))
        return scope_refuse(s, SQLSTATE_INVALID_PARAMETER_VALUE, call->location,
                            "channel name cannot be empty");
    s->notifies = s->notifies || channel;
    s->locks = s->locks || f->space == LOCK;
    s->unlocks = s->unlocks || f->space == UNLOCK || f->space == UNLOCK_ALL;
    if (f->space != UNLOCK_ALL && scope_shares(&s->auth))
        scope_change(s, channel ? CHANGE_CHANNEL : CHANGE_LOCK, (Node *)call);
    return channel ? s->rules->notify : s->rules->advisory_locks;
}

/* -- the tree -- */

static Node *call2(const char *name, Node *a, Node *b)
{
    List *names = list_make2(makeString("pg_catalog"), makeString(pstrdup(name)));
    List *args = b ? list_make2(a, b) : list_make1(a);
    return (Node *)makeFuncCall(names, args, COERCE_EXPLICIT_CALL, -1);
}

static Node *cast(Node *arg, const char *type)
{
    return scope_nodes_cast(arg, makeTypeName(pstrdup(type)));
}

static Node *sha256(Node *text)
{
    return call2("sha256", call2("convert_to", text, scope_nodes_text("UTF8")), NULL);
}

static Node *hex(Node *bytes)
{
    return call2("encode", bytes, scope_nodes_text("hex"));
}

static Node *digest(const struct scoper *s, Node *name)
{
    return sha256(call2("textcat", hex(sha256(cast(scope_nodes_hidden(s), "text"))), name));
}

Node *scope_nodes_channel(const struct scoper *s, Node *name)
{
    FuncCall *part = (FuncCall *)call2("substr", digest(s, cast(name, "text")), scope_nodes_int(1));
    part->args = lappend(part->args, scope_nodes_int(POLICY_CHANNEL_BYTES));
    return call2("textcat", scope_nodes_text(POLICY_CHANNEL_PREFIX), hex((Node *)part));
}

static Node *key(const struct scoper *s, const List *args)
{
    Node *name;
    if (list_length(args) == 1) {
        name = cast(cast(linitial(args), "int8"), "text");
    } else {
        Node *first = cast(cast(linitial(args), "int4"), "text");
        Node *second = cast(cast(lsecond(args), "int4"), "text");
        name = call2("textcat", call2("textcat", first, scope_nodes_text(",")), second);
    }
    return call2("hashtextextended", hex(digest(s, name)), scope_nodes_int(0));
}

void scope_call_apply(const struct scoper *s, const struct change *c)
{
    FuncCall *call = (FuncCall *)c->stmt;
    if (c->kind == CHANGE_LOCK)
        call->args = list_make1(key(s, call->args));
    else
        linitial(call->args) = scope_nodes_channel(s, linitial(call->args));
}
