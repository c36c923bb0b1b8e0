// The kernels for x86-64-v3 (AVX2, FMA).
#define GEMEL_KERNELS_TABLE kernels_v3
#define GEMEL_KERNELS_NAME "v3"
#include "gemel/numerics/kernels_impl.inc"
