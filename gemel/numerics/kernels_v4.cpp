// The kernels for x86-64-v4 (AVX-512).
#define GEMEL_KERNELS_TABLE kernels_v4
#define GEMEL_KERNELS_NAME "v4"
#include "gemel/numerics/kernels_impl.inc"
