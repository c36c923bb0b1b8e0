// The kernels for every x86-64 (SSE2).
#define GEMEL_KERNELS_TABLE kernels_base
#define GEMEL_KERNELS_NAME "base"
#include "gemel/numerics/kernels_impl.inc"
