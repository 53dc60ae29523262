/* ldt-worker: runs trials for a coordinator; `ldt-worker trial` is the process that runs one,
 * and `ldt-worker predict` uses what one has learned. */
#include "common/descriptors.h"
#include "common/json.h"
#include "worker/shell/loop.h"
#include "worker/shell/options.h"
#include "worker/shell/predict_command.h"
#include "worker/shell/trial_command.h"

#include <string.h>

int main(int argc, char **argv)
{
    struct options options;
    descriptors_reserve();
    json_begin();
    if (argc > 1 && strcmp(argv[1], "trial") == 0)
        return trial_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "predict") == 0)
        return predict_command(argc - 1, argv + 1);
    options_parse(&options, argc, argv);
    return loop_run(&options.loop);
}
