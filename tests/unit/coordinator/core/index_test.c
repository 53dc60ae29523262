/* The tables, heaps and lists that the core finds its things by, each against a naive one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/rng.h"
#include "coordinator/core/heap.h"
#include "coordinator/core/index.h"
#include "coordinator/core/list.h"

#include <stdio.h>

static void an_index_finds_what_was_put_and_not_what_was_removed(void **state)
{
    enum { KEYS = 300 };
    static char there[KEYS];
    struct index index = { 0 };
    struct rng rng;
    rng_init(&rng, 1, RNG_TEST, 0);
    assert_null(index_find(&index, 0));
    for (int step = 0; step < 50000; step++) {
        uint64_t key = rng_below(&rng, KEYS);
        if (rng_below(&rng, 2) == 0) {
            index_put(&index, key, &there[key]);
            there[key] = 1;
        } else {
            index_remove(&index, key);
            there[key] = 0;
        }
        uint64_t other = rng_below(&rng, KEYS);
        assert_ptr_equal(index_find(&index, other), there[other] ? &there[other] : NULL);
    }
    size_t count = 0;
    for (int i = 0; i < KEYS; i++)
        count += (size_t)there[i];
    assert_int_equal(index.count, count);
    index_free(&index);
}

static void names_are_found_by_their_letters(void **state)
{
    static char names[1000][16];
    struct name_index index = { 0 };
    for (int i = 0; i < 1000; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        name_index_put(&index, names[i], &names[i]);
    }
    for (int i = 0; i < 1000; i++) {
        char copy[16];
        snprintf(copy, sizeof copy, "n%d", i);
        assert_ptr_equal(name_index_find(&index, copy), &names[i]);
    }
    assert_null(name_index_find(&index, "n1000"));
    name_index_free(&index);
}

static const struct heap_node *naive_least(const struct heap_node *nodes, int count)
{
    const struct heap_node *least = NULL;
    for (int i = 0; i < count; i++) {
        if (nodes[i].position != 0 && (least == NULL || heap_before(&nodes[i], least)))
            least = &nodes[i];
    }
    return least;
}

static void a_heap_gives_the_least_loaded_and_longest_unserved(void **state)
{
    enum { NODES = 100 };
    static struct heap_node nodes[NODES];
    struct heap heap = { 0 };
    struct rng rng;
    rng_init(&rng, 2, RNG_TEST, 0);
    for (uint64_t step = 1; step < 20000; step++) {
        struct heap_node *node = &nodes[rng_below(&rng, NODES)];
        if (rng_below(&rng, 3) == 0)
            heap_remove(&heap, node);
        else
            heap_put(&heap, node, (int64_t)rng_below(&rng, 10), step);
        assert_ptr_equal(heap_least(&heap), naive_least(nodes, NODES));
    }
    heap_free(&heap);
}

static void a_link_knows_its_list_and_leaves_it_from_anywhere(void **state)
{
    struct list first, second;
    struct link links[3] = { 0 };
    list_init(&first);
    list_init(&second);
    assert_null(list_first(&first));
    list_remove(&links[0]); /* in none: nothing happens */
    list_push(&first, &links[0]);
    list_push(&first, &links[1]);
    list_push_front(&first, &links[2]);
    assert_ptr_equal(list_first(&first), &links[2]);
    list_remove(&links[0]);
    list_push(&second, &links[0]);
    assert_ptr_equal(links[0].list, &second);
    assert_int_equal(first.count, 2);
    assert_ptr_equal(list_last(&first), &links[1]);
    int seen = 0;
    LIST_EACH(&first, link)
        seen += link->list == &first;
    assert_int_equal(seen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_finds_what_was_put_and_not_what_was_removed),
        cmocka_unit_test(names_are_found_by_their_letters),
        cmocka_unit_test(a_heap_gives_the_least_loaded_and_longest_unserved),
        cmocka_unit_test(a_link_knows_its_list_and_leaves_it_from_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
