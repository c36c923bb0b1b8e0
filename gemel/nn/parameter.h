// What training changes: values and the optimiser's state beside them, so that a checkpoint is a list of parameters.
#pragma once

#include <cstdint>
#include <string>

#include "gemel/numerics/matrix.h"

namespace gemel {

struct Parameter {
  std::string name;             // unique in its model: "query.history.weight"
  Matrix value;                 // [rows, cols]; a bias is [1, cols], a scalar [1, 1]
  Matrix first_moment = {};         // Adam: mean gradient; SGD: velocity. Empty until the first update, and where not needed
  Matrix second_moment = {};        // Adagrad: sum of squared gradients; Adam: their mean. Likewise
  std::uint64_t num_updates = 0;  // Adam's bias correction
};

}  // namespace gemel
