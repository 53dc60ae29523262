/* The conv3x3 kernels for what the whole program is built for: AVX2 with fused multiply-add unless
 * ARCH says otherwise, 16 registers. Fused where the processor can, on purpose (see
 * conv3x3_kernels.h). */
#pragma GCC optimize("O3", "fp-contract=fast")

#ifdef __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define TILE            9
#define WEIGHT_CHANNELS 4
#include "worker/numeric/conv3x3_tile.h"

static bool supported(void)
{
    return true;
}

const struct conv3x3_kernels conv3x3_portable = { "portable", supported, product,
                                                  weights,    mix,       mix_tangent };
