/* store_fixture.h: for each test a store of its own, and a client of it, which is the test's state. */
#pragma once

#include "store_client.h"

static struct store *store;
static char directory[64];

static inline struct client *fixture_open(void **state)
{
    struct client *c = calloc(1, sizeof *c);
    store = open_store(directory);
    client_open(store, c);
    *state = c;
    return c;
}

static inline int teardown(void **state)
{
    client_close(*state);
    free(*state);
    close_store(store);
    remove_tree(directory);
    directory[0] = '\0';
    return 0;
}
