// GEMEL_CHECK(condition, message): for what only we can get wrong (a broken invariant, a shape mismatch inside). It stays
// on in release and ends the program: a recommender that goes on with broken state gives wrong answers quietly.
#pragma once

#include <string_view>

namespace gemel {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view message);
}

#define GEMEL_CHECK(condition, ...)                                                         \
  do {                                                                                      \
    if (!(condition)) [[unlikely]]                                                          \
      ::gemel::check_failed(__FILE__, __LINE__, #condition, std::string_view{__VA_ARGS__}); \
  } while (false)
