/* list.h - doubly linked lists whose links live inside their items: no allocation, and an item
 * leaves in O(1). A link knows the list that it is in, so "which queue is this trial in?" has an
 * answer. A zeroed link is in none; a list must be initialised and must not move. */
#ifndef CORE_LIST_H
#define CORE_LIST_H
#include <stddef.h>
#include <stdint.h>

struct list;
struct link {
    struct link *previous, *next;
    struct list *list; /* NULL: in none */
};
struct list {
    struct link end; /* end.next is the first item, end.previous the last */
    int64_t count;
};

/* The item that holds this link as the given member. */
#define LIST_ITEM(link_, type, member) ((type *)((char *)(link_)-offsetof(type, member)))

/* Goes through a list; the body must not remove items. */
#define LIST_EACH(list_, link_)                                                                    \
    for (struct link *link_ = (list_)->end.next; link_ != &(list_)->end; link_ = link_->next)

static inline void list_init(struct list *list)
{
    *list = (struct list){ .end = { &list->end, &list->end, NULL } };
}

static inline struct link *list_first(const struct list *list)
{
    return list->count > 0 ? list->end.next : NULL;
}

static inline struct link *list_last(const struct list *list)
{
    return list->count > 0 ? list->end.previous : NULL;
}

/* Puts an item in front of another one, or at the back (before == &list->end). */
static inline void list_insert(struct list *list, struct link *link, struct link *before)
{
    *link = (struct link){ before->previous, before, list };
    before->previous->next = link;
    before->previous = link;
    list->count++;
}

static inline void list_push(struct list *list, struct link *link)
{
    list_insert(list, link, &list->end);
}

static inline void list_push_front(struct list *list, struct link *link)
{
    list_insert(list, link, list->end.next);
}

/* Out of whatever list it is in, if any. */
static inline void list_remove(struct link *link)
{
    if (link->list == NULL)
        return;
    link->list->count--;
    link->previous->next = link->next;
    link->next->previous = link->previous;
    *link = (struct link){ 0 };
}
#endif
