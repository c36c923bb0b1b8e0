// The one door of the shared object. Nothing of Arrow, no exception included, passes through it.
#include <exception>

#include "gemel/data/arrow_api.h"
#include "gemel/data/arrow_module/ipc_source.h"
#include "gemel/data/arrow_module/ipc_writer.h"
#include "gemel/data/arrow_module/parquet_source.h"

namespace gemel {
namespace {

class Module : public ArrowModule {
 public:
  Result<std::unique_ptr<RowSource>> open_parquet(const std::filesystem::path& path, const std::string& each) override try {
    return arrow_module::open_parquet(path, each);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kBadInput, path.string(), ": ", error.what());
  }

  Result<std::unique_ptr<RowSource>> open_ipc(const std::filesystem::path& path, const std::string& each) override try {
    return arrow_module::open_ipc(path, each);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kBadInput, path.string(), ": ", error.what());
  }

  Result<std::vector<ArrowColumnPlace>> write_ipc(RandomFile& file, std::span<const ArrowColumn> columns) override try {
    return arrow_module::write_ipc(file, columns);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kIo, "writing an Arrow file failed: ", error.what());
  }
};

}  // namespace
}  // namespace gemel

extern "C" __attribute__((visibility("default"))) gemel::ArrowModule* gemel_arrow_module() {
  static gemel::Module module;
  return &module;
}
