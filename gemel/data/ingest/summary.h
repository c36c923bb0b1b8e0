// What ingest read, kept and left out, and what the shop looks like. Thread safety: plain values.
#pragma once

#include <string>
#include <vector>

#include "gemel/data/dataset.h"
#include "gemel/data/ingest/reject_log.h"
#include "gemel/data/ingest/table_column.h"

namespace gemel {

struct FeatureSummary {
  std::string name;
  std::uint64_t filled = 0;      // rows with a value
  std::uint64_t unreadable = 0;  // numbers whose field has no such unit; they are missing
};

struct TableSummary {
  bool is_given = false;  // shop.toml names such a file
  RowAccount rows;
  std::vector<FeatureSummary> features;
};

struct ActionSummary {
  std::string name;
  bool is_target = false;
  std::uint64_t count = 0;
};

struct IngestSummary {
  std::string directory;  // where the Dataset lies; empty inside its own dataset.json
  std::string fingerprint;

  RowAccount events;
  std::uint64_t merged_copies = 0;  // part of events.duplicates: copies that merging twins made
  std::uint64_t alike_kept = 0;     // copies of an event that may as well be the same thing done twice
  TableSummary items, users;
  std::uint64_t rejected_rows() const { return events.rejected + items.rows.rejected + users.rows.rejected; }

  TimeKind time_kind = TimeKind::kNone;
  TimePoint first_time{}, last_time{};
  std::vector<ActionSummary> actions;

  std::uint64_t customers = 0;                // with an event
  std::uint64_t customers_without_row = 0;    // of these, not in the customer file
  std::uint64_t customers_without_event = 0;  // in the customer file only
  std::uint64_t catalogue_products = 0;       // without those merged away
  std::uint64_t event_only_products = 0;
  std::uint64_t cold_products = 0;  // in the catalogue, without an event
  std::uint64_t sold_products() const { return catalogue_products + event_only_products - cold_products; }
  std::uint64_t events_outside_catalogue = 0;
  std::uint64_t twin_pairs = 0, merged_products = 0;

  std::uint64_t distinct_pairs = 0;  // (customer, product) with an event
  double density() const;            // distinct pairs over customers * products with an event
  double repeat_share() const;       // of the kept events, those whose customer had the product in an earlier row of the Dataset
};

TableSummary summarize(const std::vector<TableColumn>& columns, const RowAccount& rows);

// One JSON object, the names as above.
std::string to_json(const IngestSummary& summary);

}  // namespace gemel
