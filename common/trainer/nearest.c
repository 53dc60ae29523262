#include "common/trainer/nearest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

enum { WORD_LIMIT = 64 }; /* nothing longer is a misspelling of a name of ours */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours that turn one word into the other
 * (optimal string alignment), by rows of the usual table: cost[j] is the distance of a[0..i) and
 * b[0..j). */
static int edit_distance(const char *a, const char *b)
{
    int rows[3][WORD_LIMIT + 1];
    int *before = rows[0], *last = rows[1], *cost = rows[2];
    int a_length = (int)strlen(a), b_length = (int)strlen(b);
    for (int j = 0; j <= b_length; j++)
        last[j] = j;
    for (int i = 1; i <= a_length; i++) {
        cost[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int replace = last[j - 1] + !same_letter(a[i - 1], b[j - 1]);
            cost[j] = smaller(replace, smaller(last[j], cost[j - 1]) + 1);
            bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                           same_letter(a[i - 2], b[j - 1]);
            if (swapped)
                cost[j] = smaller(cost[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = last;
        last = cost;
        cost = oldest;
    }
    return last[b_length];
}

void nearest_init(struct nearest *nearest, const char *word)
{
    *nearest = (struct nearest){ .word = word, .distance = INT_MAX };
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
    if (strlen(nearest->word) > WORD_LIMIT || strlen(candidate) > WORD_LIMIT)
        return;
    int distance = edit_distance(nearest->word, candidate);
    if (distance >= nearest->distance)
        return;
    nearest->best = candidate;
    nearest->distance = distance;
}

const char *nearest_word(const struct nearest *nearest)
{
    if (nearest->best == NULL)
        return NULL;
    int allowed = 1 + (int)strlen(nearest->word) / 3;
    return nearest->distance <= allowed ? nearest->best : NULL;
}

const char *nearest_of(const char *word, const char *const *list, size_t count)
{
    struct nearest nearest;
    nearest_init(&nearest, word);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&nearest, list[i]);
    return nearest_word(&nearest);
}
