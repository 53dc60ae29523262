#include "worker/meta/interruption.h"

#include <stddef.h>

bool interruption_came(struct interruption *interruption)
{
    if (interruption == NULL || interruption->is_wanted == NULL)
        return false;
    if (!interruption->came)
        interruption->came = interruption->is_wanted(interruption->context);
    return interruption->came;
}
