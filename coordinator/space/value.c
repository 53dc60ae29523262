#include "coordinator/space/value.h"

#include <assert.h>
#include <string.h>

bool value_equal(struct value a, struct value b)
{
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case VALUE_NONE:
        return true;
    case VALUE_BOOLEAN:
        return a.boolean == b.boolean;
    case VALUE_INTEGER:
        return a.integer == b.integer;
    case VALUE_REAL:
        return a.real == b.real;
    case VALUE_TEXT:
        return strcmp(a.text, b.text) == 0;
    }
    return false;
}

struct value value_from_json(const json_t *json)
{
    switch (json == NULL ? JSON_NULL : json_typeof(json)) {
    case JSON_TRUE:
    case JSON_FALSE:
        return (struct value){ VALUE_BOOLEAN, { .boolean = json_is_true(json) } };
    case JSON_INTEGER:
        return (struct value){ VALUE_INTEGER, { .integer = json_integer_value(json) } };
    case JSON_REAL:
        return (struct value){ VALUE_REAL, { .real = json_real_value(json) } };
    case JSON_STRING:
        return (struct value){ VALUE_TEXT, { .text = json_string_value(json) } };
    default:
        return (struct value){ .type = VALUE_NONE };
    }
}

json_t *value_to_json(struct value value)
{
    switch (value.type) {
    case VALUE_BOOLEAN:
        return json_boolean(value.boolean);
    case VALUE_INTEGER:
        return json_integer(value.integer);
    case VALUE_REAL:
        return json_real(value.real);
    case VALUE_TEXT:
        return json_string(value.text);
    case VALUE_NONE:
        break;
    }
    return json_null();
}

double value_number(struct value value)
{
    assert(value.type == VALUE_INTEGER || value.type == VALUE_REAL);
    return value.type == VALUE_INTEGER ? (double)value.integer : value.real;
}
