/* value.h - one value of a parameter or setting. */
#ifndef SPACE_VALUE_H
#define SPACE_VALUE_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum value_type { VALUE_NONE, VALUE_BOOLEAN, VALUE_INTEGER, VALUE_REAL, VALUE_TEXT };

struct value {
    enum value_type type; /* VALUE_NONE: the parameter is inactive in this point */
    union {
        bool boolean;
        int64_t integer;
        double real;
        const char *text; /* owned by the space or arena that holds the value */
    };
};

/* Same type and same content; 1 and 1.0 differ (a setting types its values before they are
 * compared). */
bool value_equal(struct value a, struct value b);
/* text stays owned by json; null, arrays: VALUE_NONE */
struct value value_from_json(const json_t *json);
json_t *value_to_json(struct value value);        /* new reference */
double value_number(struct value value);          /* INTEGER or REAL as a double */
#endif
