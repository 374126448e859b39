/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/heap.h"
#include "daemon/list.h"

#include <stdlib.h>

struct item {
    struct heap_node node;
    unsigned key;
    bool in;
};

static bool item_before(const struct heap_node *a, const struct heap_node *b)
{
    return list_entry(a, const struct item, node)->key <
           list_entry(b, const struct item, node)->key;
}

/* The least key of those that are in, found the slow way. */
static unsigned least(const struct item *items, size_t n)
{
    unsigned key = UINT32_MAX;
    for (size_t i = 0; i < n; i++)
        key = items[i].in && items[i].key < key ? items[i].key : key;
    return key;
}

static void the_top_is_the_least_whatever_goes(void **state)
{
    (void)state;
    enum { N = 97 };
    struct item items[N] = {0};
    struct heap h = {.before = item_before};
    unsigned long seed = 1;
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1103515245 + 12345;
        struct item *it = &items[(seed >> 16) % N];
        if (it->in) {
            heap_remove(&h, &it->node);
        } else {
            it->key = (unsigned)(seed >> 20) % 50;
            heap_insert(&h, &it->node);
        }
        it->in = !it->in;
        unsigned top = h.top ? list_entry(h.top, struct item, node)->key : UINT32_MAX;
        assert_int_equal(top, least(items, N));
    }
}

static void everything_comes_out_in_order(void **state)
{
    (void)state;
    enum { N = 30000 };
    struct item *items = calloc(N, sizeof(*items));
    struct heap h = {.before = item_before};
    for (unsigned i = 0; i < N; i++) {
        items[i].key = i * 7919 % N; /* each once */
        heap_insert(&h, &items[i].node);
    }
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(list_entry(h.top, struct item, node)->key, i);
        heap_remove(&h, h.top);
    }
    assert_null(h.top);
    free(items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_top_is_the_least_whatever_goes),
        cmocka_unit_test(everything_comes_out_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
