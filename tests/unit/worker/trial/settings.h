/* settings.h - the settings of a run from the JSON text that a test has them in. */
#ifndef TEST_TRIAL_SETTINGS_H
#define TEST_TRIAL_SETTINGS_H
#include "common/trainer/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline struct settings settings_of(const char *text)
{
    struct settings settings;
    struct error error;
    json_t *parameters = json_loads(text, 0, NULL);
    assert_non_null(parameters);
    if (!settings_parse(&settings, parameters, &error))
        fail_msg("%s: %s", text, error.text);
    json_decref(parameters);
    return settings;
}
#endif
