#include "gemel/data/ingest/reject_log.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace gemel {
namespace {

constexpr std::size_t kMaxValueBytes = 200;

Failure io_error(const std::string& path, std::string_view doing) {
  return fail(ErrorCode::kIo, path, ": ", doing, " failed: ", std::strerror(errno));
}

std::string with_field(const Rejection& rejection, std::string_view reason) {
  return rejection.field.empty() ? std::string(reason) : concat(rejection.field, ": ", reason);
}

}  // namespace

Result<RejectLog> RejectLog::create(const std::filesystem::path& path, bool strict) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return io_error(path.string(), "creating the file");
  return RejectLog(path.string(), file, strict);
}

Result<void> RejectLog::add(const std::string& file, const Rejection& rejection, RowAccount& account) {
  if (strict_)
    return fail(ErrorCode::kBadInput, file, ":", rejection.line, ": ", with_field(rejection, rejection.reason), ", found '",
                rejection.value.substr(0, kMaxValueBytes), "' (--strict)");
  ++account.rejected;
  const std::string_view reason(rejection.reason);
  ++account.reasons[with_field(rejection, reason.substr(0, reason.find(':')))];
  return write(file, rejection);
}

Result<void> RejectLog::exclude(const std::string& file, const Rejection& rejection, RowAccount& account) {
  ++account.excluded;
  ++account.excluded_by[rejection.reason];
  return write(file, rejection);
}

Result<void> RejectLog::write(const std::string& file, const Rejection& rejection) {
  const std::string_view value = rejection.value.substr(0, kMaxValueBytes);
  const nlohmann::ordered_json json = {
      {"file", file}, {"line", rejection.line}, {"field", rejection.field}, {"reason", rejection.reason}, {"value", value}};
  const std::string line = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";  // bad UTF-8 becomes U+FFFD
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size())
    return io_error(path_, concat("writing ", line.size(), " bytes"));
  return {};  // close() asks whether what was buffered went well
}

Result<void> RejectLog::close() {
  std::FILE* file = file_.get();
  if (std::fflush(file) != 0 || std::ferror(file) != 0) return io_error(path_, "writing");
  if (::fsync(::fileno(file)) != 0) return io_error(path_, "syncing");
  if (std::fclose(file_.release()) != 0) return io_error(path_, "closing");
  return {};
}

}  // namespace gemel
