#include "coordinator/space/space.h"
#include "common/hash.h"

#include <math.h>
#include <string.h>

static bool condition_holds(const struct condition *condition, const struct value *values)
{
    for (int i = 0; i < condition->n_values; i++)
        if (value_equal(values[condition->parameter], condition->values[i]))
            return true;
    return false;
}

int space_active_domain(const struct space *space, int parameter, const struct value *values)
{
    const struct parameter *p = &space->parameters[parameter];
    for (int d = 0; d < p->n_domains; d++) {
        const struct domain *domain = &p->domains[d];
        int c = 0;
        while (c < domain->n_conditions && condition_holds(&domain->conditions[c], values))
            c++;
        if (c == domain->n_conditions)
            return d;
    }
    return -1;
}

void space_draw(const struct space *space, struct rng *rng, struct value *values)
{
    for (int p = 0; p < space->n_parameters; p++) {
        int active = space_active_domain(space, p, values);
        values[p] = (struct value){ .type = VALUE_NONE };
        if (active >= 0)
            values[p] = domain_draw(&space->parameters[p].domains[active], rng);
    }
}

void space_coordinates(const struct space *space, const struct value *values, double *u)
{
    for (int p = 0; p < space->n_parameters; p++) {
        const struct parameter *parameter = &space->parameters[p];
        for (int d = 0; d < parameter->n_domains; d++)
            u[parameter->first_dimension + d] = NAN;
        int active = space_active_domain(space, p, values);
        if (active >= 0 && values[p].type != VALUE_NONE)
            u[parameter->first_dimension + active] =
                domain_coordinate(&parameter->domains[active], values[p]);
    }
}

bool space_points_equal(const struct space *space, const struct value *a, const struct value *b)
{
    for (int p = 0; p < space->n_parameters; p++)
        if (!value_equal(a[p], b[p]))
            return false;
    return true;
}

static uint64_t hash_value(uint64_t hash, struct value value)
{
    unsigned char type = (unsigned char)value.type;
    hash = hash_bytes(hash, &type, 1);
    if (value.type == VALUE_BOOLEAN)
        return hash_bytes(hash, &value.boolean, sizeof value.boolean);
    if (value.type == VALUE_INTEGER)
        return hash_bytes(hash, &value.integer, sizeof value.integer);
    if (value.type == VALUE_TEXT)
        return hash_bytes(hash, value.text, strlen(value.text));
    double number = value.type == VALUE_REAL && value.real != 0 ? value.real : 0; /* -0 is 0 */
    return hash_bytes(hash, &number, sizeof number);
}

uint64_t space_point_hash(const struct space *space, const struct value *values)
{
    uint64_t hash = HASH_START;
    for (int p = 0; p < space->n_parameters; p++)
        hash = hash_value(hash, values[p]);
    hash = (hash ^ (hash >> 32)) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 29);
}

/* ---- JSON ---- */

json_t *space_to_json(const struct space *space, const struct value *values)
{
    json_t *object = json_object();
    for (int p = 0; p < space->n_parameters; p++)
        if (values[p].type != VALUE_NONE)
            json_object_set_new(object, space->parameters[p].name, value_to_json(values[p]));
    return object;
}

bool space_from_json(const struct space *space, const json_t *object, struct value *values)
{
    size_t found = 0;
    if (!json_is_object(object))
        return false;
    for (int p = 0; p < space->n_parameters; p++) {
        const struct parameter *parameter = &space->parameters[p];
        int active = space_active_domain(space, p, values);
        values[p] = (struct value){ .type = VALUE_NONE };
        if (active < 0)
            continue;
        struct value recorded = value_from_json(json_object_get(object, parameter->name));
        values[p] = domain_accept(&parameter->domains[active], recorded);
        if (values[p].type == VALUE_NONE)
            return false;
        found++;
    }
    return found == json_object_size(object); /* else there is a key that is inactive or unknown */
}
