// A folder in the system's place for such things, for files that live only as long as a piece of work.
#pragma once

#include <filesystem>
#include <string_view>

#include "gemel/base/result.h"

namespace gemel {

// Movable; what is in it goes with the object.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make(std::string_view purpose);  // a word of the folder's name. Error: kIo
  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace gemel
