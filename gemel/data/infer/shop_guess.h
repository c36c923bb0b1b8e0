// What `gemel init` understood of a shop's files: a value for every key of shop.toml, each with its reason and what else it might be.
// Plain values; infer.h makes them, shop_toml.h writes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gemel/data/shop_config.h"
#include "gemel/data/source_format.h"

namespace gemel {

// The value of one key; empty when nothing fits, and then the reason says why.
struct Guess {
  std::string value;
  std::string reason;                     // "named so; 2,253 values, all of them in the catalogue"
  std::vector<std::string> alternatives;  // what else it might be
};

// How the files are cut into rows; only what their names do not tell is set.
struct SourceGuess {
  SourceFormat format;
  std::string reason;  // "cut at tabs, no header: the first row holds values"
};

struct ActionGuess {
  std::string name;
  bool is_target = false;
  double weight = 1;
  std::uint64_t count = 0;  // in the sample
  std::string reason;       // "a purchase"
};

struct FeatureGuess {
  FeatureConfig config;
  std::string reason;
  bool is_left_out = false;  // named in a comment only
};

struct TableGuess {
  std::vector<std::string> paths;  // as shop.toml will name them; empty: no such table
  SourceGuess source;
  std::string layout;  // "REES46"; empty: no known layout
  std::string rows;    // "2,420 rows"
  std::vector<std::string> notes;
};

struct EventsGuess : TableGuess {
  Guess time, time_format, user, item, action, weight, id;
  std::vector<std::string> user_else, item_else;  // columns that count where `user` or `item` is missing
  bool has_order = false;  // no time: order = true
  std::vector<ActionGuess> actions;
  std::vector<std::string> unused;  // other columns, with the reason
};

struct EntitiesGuess : TableGuess {
  Guess id, name;
  bool merge_twins = false;
  std::string twins_reason;
  std::vector<FeatureGuess> features;
};

struct KnobGuess {
  std::string key, value;  // of [models.two_tower], as TOML
  std::string reason;
};

struct ShopGuess {
  EventsGuess events;
  EntitiesGuess items, users;
  std::string split_reason;
  std::vector<KnobGuess> knobs;
};

}  // namespace gemel
