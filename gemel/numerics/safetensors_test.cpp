#include "gemel/numerics/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "gemel/numerics/rng.h"

namespace gemel {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Safetensors : public testing::Test {
 protected:
  void SetUp() override { path_ = fs::path(testing::TempDir()) / concat("safetensors-", static_cast<int>(::getpid()), ".safetensors"); }
  void TearDown() override { fs::remove(path_); }

  std::string written_sample() {
    SafetensorsWriter writer;
    writer.add("flags", std::span<const std::uint8_t>(flags_));
    writer.add("weights", weights().view());
    writer.add("times", std::span<const std::int64_t>(times_));
    writer.set_metadata("model", "two_tower");
    EXPECT_TRUE(writer.write(path_));
    return *read_file(path_);
  }
  const Matrix& weights() {
    if (weights_.size() == 0) {
      weights_ = Matrix(2, 3);
      for (std::size_t i = 0; i < 6; ++i) weights_.data()[i] = static_cast<float>(i) / 2;
    }
    return weights_;
  }
  // The error of opening these bytes; empty when they open.
  std::string error_of(std::string_view bytes) {
    EXPECT_TRUE(write_file(path_, bytes));
    const auto file = SafetensorsFile::open(path_);
    if (file) return "";
    EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
    return file.error().message;
  }
  static std::string file_of(std::string header, std::string_view data) {
    header.append((8 - header.size() % 8) % 8, ' ');  // as the format does, so that the values lie aligned
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    return bytes + header + std::string(data);
  }

  fs::path path_;
  std::vector<std::uint8_t> flags_ = {1, 0, 1};
  std::vector<std::int64_t> times_ = {-5, 1'512'086'400'000'000};
  Matrix weights_;
};

TEST_F(Safetensors, GivesBackWhatWasWritten) {
  written_sample();
  const auto file = SafetensorsFile::open(path_);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->metadata("model"), "two_tower");
  EXPECT_EQ(file->metadata("absent"), "");
  EXPECT_THAT(*file->values<std::uint8_t>("flags"), ElementsAre(1, 0, 1));
  EXPECT_THAT(*file->values<std::int64_t>("times", {2}), ElementsAre(-5, 1'512'086'400'000'000));
  const auto weights = file->matrix("weights", 2, 3);
  ASSERT_TRUE(weights);
  EXPECT_THAT(weights->row(1), ElementsAre(1.5f, 2.f, 2.5f));
}

TEST_F(Safetensors, ReadsAFileWrittenByHandAfterTheSpecification) {
  const std::string bytes = file_of(R"({"a":{"dtype":"U32","shape":[2],"data_offsets":[0,8]}})", std::string_view("\1\0\0\0\0\1\0\0", 8));
  EXPECT_EQ(error_of(bytes), "");
  const auto file = SafetensorsFile::open(path_);
  EXPECT_THAT(*file->values<std::uint32_t>("a"), ElementsAre(1u, 256u));
}

TEST_F(Safetensors, SaysWhichTensorIsMissingOrOfAnotherShape) {
  written_sample();
  const auto file = SafetensorsFile::open(path_);
  EXPECT_THAT(file->matrix("biases").error().message, HasSubstr("no tensor 'biases'"));
  EXPECT_THAT(file->matrix("weights", 2, 4).error().message, HasSubstr("expected F32[2, 4], found F32[2, 3]"));
  EXPECT_THAT(file->values<float>("flags").error().message, HasSubstr("expected F32[any], found U8[3]"));
}

TEST_F(Safetensors, RefusesHeadersThatContradictTheFile) {
  EXPECT_THAT(error_of(""), HasSubstr("found 0 bytes"));
  EXPECT_THAT(error_of(std::string(8, '\xff')), HasSubstr("does not fit"));
  EXPECT_THAT(error_of(file_of("[1]", "")), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}})", "12345678")),
              HasSubstr("do not lie in the 8 bytes"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,4]}})", "1234")),
              HasSubstr("does not take the 4 bytes"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "1234")), HasSubstr("take 2 bytes of 4"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}})", "1234")), HasSubstr("found \"F16\""));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", "")),
              HasSubstr("does not take"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", "1")), HasSubstr("whole numbers"));
}

TEST_F(Safetensors, EveryTruncationIsAnError) {
  const std::string bytes = written_sample();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_NE(error_of(bytes.substr(0, size)), "") << size;
}

TEST_F(Safetensors, AThousandRandomDamagesNeverReachBeyondTheFile) {
  const std::string bytes = written_sample();
  Rng rng(3);
  int refused = 0;
  for (int trial = 0; trial < 1000; ++trial) {
    std::string damaged = bytes;
    for (std::uint64_t flips = 1 + rng.below(3); flips > 0; --flips)
      damaged[rng.below(bytes.size())] ^= static_cast<char>(1 + rng.below(255));
    ASSERT_TRUE(write_file(path_, damaged));
    const auto file = SafetensorsFile::open(path_);
    if (!file) {
      EXPECT_EQ(file.error().code, ErrorCode::kCorrupt);
      ++refused;
      continue;
    }
    unsigned sum = 0;  // the address sanitizer watches these reads
    for (const auto& [name, tensor] : file->tensors())
      for (const char byte : tensor.bytes) sum += static_cast<unsigned char>(byte);
    EXPECT_LT(sum, 255 * bytes.size());
  }
  EXPECT_GT(refused, 500);  // most bytes of this small file are header
}

TEST_F(Safetensors, TheSameTensorsGiveTheSameBytesInWhateverOrderTheyCome) {
  const std::string bytes = written_sample();
  SafetensorsWriter writer;
  writer.set_metadata("model", "two_tower");
  writer.add("times", std::span<const std::int64_t>(times_));
  writer.add("weights", weights().view());
  writer.add("flags", std::span<const std::uint8_t>(flags_));
  ASSERT_TRUE(writer.write(path_));
  EXPECT_EQ(*read_file(path_), bytes);
}

}  // namespace
}  // namespace gemel
