// Record batches of Arrow, wherever they come from, as a RowSource. Not thread-safe.
#pragma once

#include <arrow/record_batch.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gemel/data/arrow_module/array_cells.h"
#include "gemel/data/arrow_module/record_fields.h"
#include "gemel/data/row_source.h"

namespace gemel::arrow_module {

inline constexpr std::int64_t kRowsPerBatch = 16'384;  // a Cell is 40 bytes: 0.6 MB a column

class RecordBatchSource : public RowSource {
 public:
  const std::vector<std::string>& column_names() const override { return column_names_; }
  void request(std::vector<std::size_t> columns) override { requested_ = std::move(columns); }
  void skip_row_hashes() override { with_hashes_ = false; }
  Result<bool> next(RowBatch& batch) override;

 protected:
  RecordBatchSource(std::filesystem::path path, std::vector<RecordField> fields, std::string each);
  // The next batch, of at most a few times kRowsPerBatch rows, with at least the fields of `wanted`; null at the end.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> read_batch(const std::vector<RecordField>& wanted) = 0;
  std::uint64_t rows_read() const { return rows_read_; }  // of the file

 private:
  Failure corrupt(std::string_view why) const;
  void choose_fields();
  arrow::Status fill(const arrow::RecordBatch& records, RowBatch& batch);
  arrow::Status find_rows(const arrow::RecordBatch& records);
  void spread(bool in_list);

  std::filesystem::path path_;
  std::vector<RecordField> fields_;
  std::string each_;
  std::vector<std::string> column_names_;
  std::vector<std::size_t> requested_;
  std::vector<std::size_t> read_;    // fields that are read: the requested ones, and with hashes all
  std::vector<RecordField> wanted_;  // the same
  bool with_hashes_ = true, has_begun_ = false;
  std::uint64_t rows_read_ = 0;
  std::shared_ptr<arrow::RecordBatch> current_;  // what the cells borrow from
  std::vector<std::shared_ptr<arrow::Array>> arrays_;  // flattened parts of it
  // Of each row: its record in the batch, its element among those of the batch (kNoElement: the list is empty), and in the record.
  static constexpr std::int64_t kNoElement = -1;
  std::vector<std::int64_t> records_, elements_;
  std::vector<std::uint32_t> ordinals_;
  TextArena arena_;
  std::vector<Cell> cells_, spread_;
};

}  // namespace gemel::arrow_module
