// A table for people: columns as wide as their widest cell, numbers to the right. Widths count characters of UTF-8, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gemel::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void set_max_width(std::size_t characters) { max_width_ = characters; }  // longer cells end in "..."
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t max_width_ = 60;
};

}  // namespace gemel::cli
