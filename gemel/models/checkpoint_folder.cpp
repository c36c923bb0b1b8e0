#include "gemel/models/checkpoint_folder.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "gemel/base/file.h"
#include "gemel/base/sealed_json.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr std::string_view kStartAnew = "without --resume training starts anew";

// What a checkpoint.json says.
struct Contents {
  std::vector<RunFact> run;
  CheckpointStore::Stage stage;
  std::vector<ListedFile> files;
};

Json to_json(const Contents& contents) {
  Json json = {{"format", "gemel checkpoint"}, {"version", kCheckpointVersion}, {"run", Json::object()}};
  for (const RunFact& fact : contents.run) json["run"][fact.name] = fact.value;
  json["stage"] = contents.stage.name;
  json["carried"] = Json::parse(contents.stage.carried);
  json["files"] = Json::array();
  for (const ListedFile& file : contents.files)
    json["files"].push_back({{"path", file.path}, {"size_bytes", file.size_bytes}, {"checksum", file.checksum}});
  return json;
}

// Throws what nlohmann throws on a missing key or a wrong type; read_contents catches it.
Contents from_json(const Json& json) {
  Contents contents;
  for (const auto& [name, value] : json.at("run").items()) contents.run.push_back({name, value.get<std::string>()});
  contents.stage = {json.at("stage"), json.at("carried").dump()};
  for (const Json& file : json.at("files")) contents.files.push_back({file.at("path"), file.at("size_bytes"), file.at("checksum")});
  return contents;
}

// Everything is checked, the files too.
Result<Contents> read_contents(const fs::path& folder) {
  const fs::path path = folder / kCheckpointFile;
  GEMEL_ASSIGN_OR_RETURN(const std::string text, read_sealed_json(path));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("format", Json()) != "gemel checkpoint")
    return fail(ErrorCode::kCorrupt, path.string(), ": expected the format 'gemel checkpoint'");
  if (json.value("version", Json()) != kCheckpointVersion)
    return fail(ErrorCode::kCorrupt, path.string(), ": this program reads version ", kCheckpointVersion, ", found ",
                json.value("version", Json()).dump());
  Contents contents;
  try {
    contents = from_json(json);
  } catch (const nlohmann::json::exception& error) {
    return fail(ErrorCode::kCorrupt, path.string(), ": ", error.what());
  }
  for (const ListedFile& file : contents.files)
    if (const auto checked = check_file(folder, file); !checked) return with_context(checked.error(), folder.string());
  return contents;
}

// "seed: 1 there, 2 here; model: ..."; empty when nothing differs.
std::string differences(const std::vector<RunFact>& there, const std::vector<RunFact>& here) {
  const auto value_in = [](const std::vector<RunFact>& facts, const std::string& name) {
    const auto found = std::ranges::find(facts, name, &RunFact::name);
    return found == facts.end() ? std::string("unknown") : concat("'", found->value, "'");
  };
  std::vector<std::string> names;
  for (const auto* facts : {&here, &there})
    for (const RunFact& fact : *facts)
      if (std::ranges::find(names, fact.name) == names.end()) names.push_back(fact.name);
  std::string text;
  for (const std::string& name : names) {
    const std::string was = value_in(there, name), is = value_in(here, name);
    if (was != is) text += concat(text.empty() ? "" : "; ", name, ": ", was, " there, ", is, " here");
  }
  return text;
}

}  // namespace

Result<CheckpointFolder> CheckpointFolder::open(CheckpointOptions options, ProgressSink& progress) {
  CheckpointFolder folder(std::move(options));
  const fs::path& place = folder.options_.folder;
  std::error_code code;
  if (fs::exists(place, code) && !fs::is_directory(place, code))
    return fail(ErrorCode::kBadInput, place.string(),
                ": checkpoints would go here, and it is no folder; move it away or choose another --out");
  folder.remove_half_written();
  const std::vector<std::uint64_t> found = folder.numbers();
  if (!found.empty()) folder.highest_ = found.front();
  if (folder.options_.resume) {
    GEMEL_RETURN_IF_ERROR(folder.find(progress));
  } else if (!found.empty()) {
    progress.warn(concat(place.string(), ": a run that did not finish left a checkpoint; it is replaced, --resume would go on from it"));
  }
  return folder;
}

// The newest checkpoint that is whole; all that is newer is damaged, and said to be.
Result<void> CheckpointFolder::find(ProgressSink& progress) {
  std::optional<Error> damage;
  for (const std::uint64_t number : numbers()) {
    auto stage = read(number);
    if (stage) {
      resumed_ = *std::move(stage);
      newest_ = number;
      progress.note(concat("resuming from ", path_of(number).string()));
      return {};
    }
    if (stage.error().code == ErrorCode::kBadConfig) return Failure{stage.error()};
    progress.warn(concat("a checkpoint cannot be used: ", stage.error().message));
    if (!damage) damage = stage.error();
  }
  if (damage) return fail(ErrorCode::kCorrupt, damage->message, "; there is no other checkpoint, ", kStartAnew);
  progress.note(concat("no checkpoint in ", options_.folder.string(), ": training starts from the beginning"));
  return {};
}

Result<CheckpointStore::Stage> CheckpointFolder::read(std::uint64_t number) const {
  GEMEL_ASSIGN_OR_RETURN(Contents contents, read_contents(path_of(number)));
  if (const std::string differs = differences(contents.run, options_.run); !differs.empty())
    return fail(ErrorCode::kBadConfig, path_of(number).string(), ": the checkpoint is of a run that differs: ", differs,
                "; give the same command line to go on from it, ", kStartAnew);
  return std::move(contents.stage);
}

// Newest first.
std::vector<std::uint64_t> CheckpointFolder::numbers() const {
  std::vector<std::uint64_t> found;
  std::error_code code;
  for (fs::directory_iterator entry(options_.folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc{} && stop == name.data() + name.size() && path_of(number).filename() == name) found.push_back(number);
  }
  std::ranges::sort(found, std::greater{});
  return found;
}

fs::path CheckpointFolder::path_of(std::uint64_t number) const {
  std::string name = concat(number);
  name.insert(0, 6 - std::min<std::size_t>(name.size(), 6), '0');
  return options_.folder / name;
}

void CheckpointFolder::remove_half_written() const {
  std::vector<fs::path> left;
  std::error_code code;
  for (fs::directory_iterator entry(options_.folder, code), end; !code && entry != end; entry.increment(code)) {
    if (entry->path().filename().string().find(".tmp-") != std::string::npos) left.push_back(entry->path());
  }
  for (const fs::path& path : left) fs::remove_all(path, code);  // what stays only takes room
}

// Out of sight first, in one step: a run killed in between leaves no checkpoint that is half there.
void CheckpointFolder::discard(std::uint64_t number, std::error_code& code) const {
  const fs::path gone = concat(path_of(number).string(), ".tmp-gone");
  fs::rename(path_of(number), gone, code);
  if (!code) fs::remove_all(gone, code);
}

std::optional<fs::path> CheckpointFolder::state() const {
  if (!resumed_ || resumed_->name != stage_.name) return std::nullopt;
  return path_of(newest_);
}

bool CheckpointFolder::is_due() const {
  return options_.interval.count() > 0 && std::chrono::steady_clock::now() - saved_at_ >= options_.interval;
}

Result<void> CheckpointFolder::save(const WriteState& write) {
  const auto saved = write_next(write);
  saved_at_ = std::chrono::steady_clock::now();  // also when it failed: a full disk is not asked again at each step
  lost_ = saved ? std::nullopt : std::optional(saved.error());
  return saved;
}

Result<void> CheckpointFolder::write_next(const WriteState& write) {
  const std::uint64_t number = highest_ + 1;
  GEMEL_ASSIGN_OR_RETURN(AtomicDirectory directory, AtomicDirectory::create(path_of(number), kCheckpointFile));
  GEMEL_RETURN_IF_ERROR(write(directory.path()));
  Contents contents{options_.run, stage_, {}};
  GEMEL_ASSIGN_OR_RETURN(contents.files, list_files(directory.path(), kCheckpointFile));
  const std::string text = to_json(contents).dump(2, ' ', false, Json::error_handler_t::replace);
  GEMEL_RETURN_IF_ERROR(write_sealed_json(directory.path() / kCheckpointFile, text));
  GEMEL_RETURN_IF_ERROR(directory.commit());
  const std::uint64_t before = newest_;
  newest_ = highest_ = number;
  std::error_code ignored;  // an old one that stays only takes room
  for (const std::uint64_t old : numbers())
    if (old != number && old != before) discard(old, ignored);
  return {};
}

Result<void> CheckpointFolder::remove() {
  std::error_code code;
  for (const std::uint64_t number : numbers()) {
    discard(number, code);
    if (code) return fail(ErrorCode::kIo, path_of(number).string(), ": removing the checkpoint failed: ", code.message());
  }
  remove_half_written();
  fs::remove(options_.folder, code);  // only when empty: what somebody else put there stays
  return {};
}

}  // namespace gemel
