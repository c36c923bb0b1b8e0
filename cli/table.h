// A table for people: columns as wide as their widest cell, numbers to the right. Widths count characters of UTF-8, not bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gemel::cli {

class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void set_max_width(std::size_t characters) { max_width_ = characters; }  // longer cells end in "..."
  void set_total_width(std::size_t characters) { total_width_ = characters; }  // the widest columns give way until a line fits
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
  std::size_t max_width_ = 60, total_width_ = SIZE_MAX;
};

// Of the terminal that stdout is; a width that suits most where it is none.
std::size_t terminal_width();

}  // namespace gemel::cli
