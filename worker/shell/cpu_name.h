/* cpu_name.h - what the kernel calls this machine's processor: "Intel(R) Xeon(R) ...". */
#ifndef WORKER_SHELL_CPU_NAME_H
#define WORKER_SHELL_CPU_NAME_H
#include <stddef.h>

/* Of the first core; "unknown" where /proc/cpuinfo does not tell. A longer one is cut. */
void cpu_name(char *out, size_t bytes);
#endif
