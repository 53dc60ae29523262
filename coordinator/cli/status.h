/* status.h - the studies of a STATUS_REPLY on standard output. */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H
#include "common/message.h"
#include "coordinator/cli/command.h"

/* EXIT_OK, or EXIT_FAILED after having complained that the output could not be written. */
int status_print(enum output_format format, const struct message *status_reply);
#endif
