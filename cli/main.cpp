#include <vector>

#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace gemel::cli;
  // In the order of a first visit, which is the order of --help.
  const std::vector<AddCommand*> commands = {
      add_init,      add_ingest,  add_train,   add_tune,  add_evaluate,   add_report,
      add_recommend, add_similar, add_inspect, add_synth, add_experiment,
  };
  return run_program(argc, argv, commands);
}
