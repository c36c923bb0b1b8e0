// Runs the real program, found by the environment variable GEMEL_PROGRAM (ctest sets it), in a folder of its own.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gemel/data/testing.h"

namespace gemel::end_to_end {

namespace fs = std::filesystem;

inline std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// True once `condition` holds; false after a time that is too long on any machine.
inline bool wait_until(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (std::chrono::steady_clock::now() < give_up) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return false;
}

struct Outcome {
  int exit_code;  // -1: ended by a signal
  int signal;     // 0: ended by itself
  std::string out, err;
};

// A running program; its stdout and stderr go to files beside the folder it works in.
class Process {
 public:
  // `under`: a program that runs the other, such as prlimit, and its arguments.
  Process(const fs::path& folder, std::vector<std::string> arguments, const std::vector<std::string>& under = {})
      : out_(folder.string() + ".out"), err_(folder.string() + ".err") {
    const char* program = std::getenv("GEMEL_PROGRAM");
    if (program == nullptr) return;
    arguments.insert(arguments.begin(), program);
    arguments.insert(arguments.begin(), under.begin(), under.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    const int out = ::open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600),
              err = ::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (::chdir(folder.c_str()) == 0 && ::dup2(out, STDOUT_FILENO) >= 0 && ::dup2(err, STDERR_FILENO) >= 0) ::execvp(argv[0], argv.data());
    ::_exit(127);
  }

  pid_t pid() const { return pid_; }
  std::string err() const { return text_of(err_); }
  void interrupt() const { ::kill(pid_, SIGINT); }
  void kill() const { ::kill(pid_, SIGKILL); }

  Outcome wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    const bool exited = WIFEXITED(status);
    return {exited ? WEXITSTATUS(status) : -1, exited ? 0 : WTERMSIG(status), text_of(out_), text_of(err_)};
  }

 private:
  fs::path out_, err_;
  pid_t pid_ = -1;
};

// A copy of examples/tiny to work in, with events of its own where asked.
class ShopFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("GEMEL_PROGRAM") == nullptr) GTEST_SKIP() << "GEMEL_PROGRAM is not set: run by ctest";
    fs::create_directory(folder());
    for (const char* file : {"shop.toml", "events.csv", "catalogue.csv", "customers.csv"})
      fs::copy_file(fs::path("examples/tiny") / file, folder() / file);
  }

  fs::path folder() const { return temporary_.path() / "shop"; }
  Outcome run(std::vector<std::string> arguments, const std::vector<std::string>& under = {}) const {
    return Process(folder(), std::move(arguments), under).wait();
  }
  void write(const std::string& file, const std::string& text) const { std::ofstream(folder() / file, std::ios::binary) << text; }

  std::set<std::string> files() const {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) files.insert(fs::relative(entry.path(), folder()).string());
    return files;
  }

  testing::TemporaryFolder temporary_;
};

}  // namespace gemel::end_to_end
