// How fast is a file read into rows of cells? bench_formats FILE prints rows, the sum of the column "quantity" as an answer to check, and
// the time taken. bench/formats.py runs it in turn with pandas and pyarrow.
#include <time.h>

#include <chrono>
#include <cstdio>

#include "gemel/data/ingest/cell_text.h"
#include "gemel/data/ingest/open_row_source.h"
#include "gemel/data/ingest/parse_number.h"

namespace gemel {
namespace {

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

Result<void> read(const char* path) {
  const auto begin = std::chrono::steady_clock::now();
  GEMEL_ASSIGN_OR_RETURN(const auto source, open_row_source(path, {}));
  std::vector<std::size_t> columns;  // all of them, as pandas does
  for (const std::string& name : source->column_names()) columns.push_back(source->find_column(name).value());
  const auto quantity = source->find_column("quantity");
  if (!quantity) return fail(ErrorCode::kBadInput, path, ": expected a column 'quantity'");
  source->request(columns);
  source->skip_row_hashes();
  RowBatch batch;
  std::uint64_t num_rows = 0;
  double sum = 0;
  std::string buffer;
  while (true) {
    GEMEL_ASSIGN_OR_RETURN(const bool has_rows, source->next(batch));
    if (!has_rows) break;
    num_rows += batch.num_rows;
    for (const Cell& cell : batch.columns[*quantity]) sum += parse_number(cell_text(cell, buffer)).value_or(0);
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  std::printf("%llu %.0f %.3f %.3f\n", static_cast<unsigned long long>(num_rows), sum, wall.count(), cpu_seconds());
  return {};
}

}  // namespace
}  // namespace gemel

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_formats FILE\n", stderr), 2;
  const auto done = gemel::read(argv[1]);
  if (!done) return std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1;
  return 0;
}
