#include "gemel/data/arrow_api.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>

namespace gemel {
namespace {

constexpr std::string_view kLibrary = "libgemel_arrow.so";
constexpr const char* kFactory = "gemel_arrow_module";

std::filesystem::path module_path() {
  if (const char* named = std::getenv("GEMEL_ARROW_MODULE"); named != nullptr && *named != 0) return named;
  std::error_code ignored;  // without /proc the path is empty, and the message below says so
  return std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / kLibrary;
}

Result<ArrowModule*> load() {
  const auto path = module_path();
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    return fail(ErrorCode::kNotFound, path.string(),
                ": not there; reading Parquet and writing a Dataset need it. Build the target gemel_arrow, "
                "keep it beside the program, or name it by the environment variable GEMEL_ARROW_MODULE");
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // stays loaded as long as the program
  if (library == nullptr) return fail(ErrorCode::kNotFound, path.string(), ": loading failed: ", ::dlerror());
  auto* factory = reinterpret_cast<ArrowModule* (*)()>(::dlsym(library, kFactory));
  if (factory == nullptr) return fail(ErrorCode::kNotFound, path.string(), ": is not gemel's Arrow module: no ", kFactory);
  return factory();
}

}  // namespace

Result<ArrowModule*> load_arrow_module() {
  static std::mutex mutex;
  static ArrowModule* loaded = nullptr;
  const std::lock_guard lock(mutex);
  if (loaded != nullptr) return loaded;
  GEMEL_ASSIGN_OR_RETURN(loaded, load());
  return loaded;
}

}  // namespace gemel
