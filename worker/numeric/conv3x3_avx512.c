/* The conv3x3 kernels for processors with AVX-512: 32 registers of 64 bytes, so that a whole row
 * of a 17 x 17 board is summed in registers. The pragmas hold for this file alone, whatever the
 * program is built for; fused multiply-add is on purpose (see conv3x3_kernels.h). */
#ifdef __x86_64__
#pragma GCC target("avx512f,avx512vl,avx512dq,fma")
#pragma GCC optimize("O3", "fp-contract=fast")

#define VECTOR_BYTES    64
#define TILE            17
#define WEIGHT_CHANNELS 8
#include "worker/numeric/conv3x3_tile.h"

static bool supported(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
}

const struct conv3x3_kernels conv3x3_avx512 = { "avx512", supported, product,
                                                weights,  mix,       mix_tangent };
#else
typedef int conv3x3_avx512_is_for_x86; /* ISO C wants a declaration in every file */
#endif
