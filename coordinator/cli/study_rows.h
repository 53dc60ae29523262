/* study_rows.h - the studies of a STATUS_REPLY on standard output, a row each. */
#ifndef CLI_STUDY_ROWS_H
#define CLI_STUDY_ROWS_H
#include "common/message.h"
#include "coordinator/cli/command.h"

/* EXIT_OK, or EXIT_FAILED after having complained that the output could not be written. */
int study_rows_print(enum output_format format, const struct message *status_reply);
#endif
