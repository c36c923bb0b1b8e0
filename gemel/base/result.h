// Errors as values: what the world can get wrong (files, events, configuration, requests) comes back as a Result<T>.
// The interface is a subset of std::expected (C++23), so that it can become an alias one day. Thread safety: as the T inside.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "gemel/base/check.h"
#include "gemel/base/concat.h"

namespace gemel {

enum class ErrorCode {
  kBadConfig,    // shop.toml or a flag contradicts itself or the data; exit code 2
  kBadInput,     // a file, row or request that cannot be used; exit code 3
  kNotFound,     // a file, column, customer or product that is not there; exit code 3
  kIo,           // the operating system refused; exit code 4
  kCorrupt,      // checksum, size or format of a Dataset or bundle is wrong; exit code 5
  kDiverged,     // training left the numbers; exit code 6
  kInterrupted,  // Ctrl-C; exit code 130
};

struct Error {
  ErrorCode code;
  std::string message;  // where, what was expected, what came: "shop.toml:12: events.time: ..., got '...'"
};

// What `return fail(...)` returns: converts to any Result<T>.
struct Failure {
  Error error;
};

template <class... Parts>
[[nodiscard]] Failure fail(ErrorCode code, const Parts&... parts) {
  return Failure{{code, concat(parts...)}};
}

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() & {
    GEMEL_CHECK(has_value(), error().message);
    return std::get<0>(state_);
  }
  const T& value() const& {
    GEMEL_CHECK(has_value(), error().message);
    return std::get<0>(state_);
  }
  T&& value() && { return std::move(value()); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : error_(std::move(failure.error)) {}
  bool has_value() const { return !error_.has_value(); }
  explicit operator bool() const { return has_value(); }
  void value() const { GEMEL_CHECK(has_value(), error_->message); }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

// The same error with the place put before it.
[[nodiscard]] inline Failure with_context(const Error& error, std::string_view place) {
  return Failure{{error.code, concat(place, ": ", error.message)}};
}

}  // namespace gemel

#define GEMEL_CONCAT_INNER_(a, b) a##b
#define GEMEL_CONCAT_(a, b) GEMEL_CONCAT_INNER_(a, b)

// GEMEL_RETURN_IF_ERROR(expression of type Result<void> or Result<T>);
#define GEMEL_RETURN_IF_ERROR(expression)                                                                  \
  do {                                                                                                     \
    if (auto gemel_result_ = (expression); !gemel_result_) return ::gemel::Failure{gemel_result_.error()}; \
  } while (false)

// GEMEL_ASSIGN_OR_RETURN(const auto rows, read(path));
#define GEMEL_ASSIGN_OR_RETURN(declaration, expression) \
  GEMEL_ASSIGN_OR_RETURN_INNER_(GEMEL_CONCAT_(gemel_result_, __LINE__), declaration, expression)
#define GEMEL_ASSIGN_OR_RETURN_INNER_(result, declaration, expression) \
  auto result = (expression);                                          \
  if (!result) return ::gemel::Failure{result.error()};                \
  declaration = *std::move(result)
