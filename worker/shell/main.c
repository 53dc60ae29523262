/* ldt-worker: runs trials for a coordinator; `ldt-worker trial` is the process that runs one,
 * and `ldt-worker predict` uses what one has learned. */
#include "common/json.h"
#include "worker/shell/loop.h"
#include "worker/shell/options.h"
#include "worker/shell/predict_command.h"
#include "worker/shell/trial_command.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Pipes and sockets must never get the numbers 0 to 2: somebody would write a message into them. */
static void open_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2)
        close(fd);
}

int main(int argc, char **argv)
{
    struct options options;
    json_begin();
    if (argc > 1 && strcmp(argv[1], "trial") == 0)
        return trial_command(argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], "predict") == 0)
        return predict_command(argc - 1, argv + 1);
    open_standard_descriptors();
    options_parse(&options, argc, argv);
    return loop_run(&options.loop);
}
