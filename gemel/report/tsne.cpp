#include "gemel/report/tsne.h"

#include <algorithm>
#include <cmath>

namespace gemel::report {
namespace {

constexpr std::size_t kRowsPerBlock = 16;
constexpr double kEarlyExaggeration = 12;  // groups form while attraction is this much stronger
constexpr int kEarlyIterations = 120;

std::vector<double> squared_distances(ConstMatrixView rows, ThreadPool& pool) {
  std::vector<double> distances(rows.rows * rows.rows);
  pool.for_blocks(rows.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      for (std::size_t j = 0; j < rows.rows; ++j) {
        double sum = 0;
        for (std::size_t c = 0; c < rows.cols; ++c) {
          const double gap = static_cast<double>(rows.row(i)[c]) - rows.row(j)[c];
          sum += gap * gap;
        }
        distances[i * rows.rows + j] = sum;
      }
    }
  });
  return distances;
}

// p(j | i) for all j from the squared distances of i, with the precision at which they have the perplexity (bisection, section 2).
void conditional_probabilities(std::span<const double> distances, std::size_t i, double perplexity, std::span<double> out) {
  const double wanted = std::log(perplexity);
  double low = 0, high = HUGE_VAL, precision = 1;
  double nearest = HUGE_VAL;  // subtracted, so that the sum is never zero
  for (std::size_t j = 0; j < distances.size(); ++j)
    if (j != i) nearest = std::min(nearest, distances[j]);
  for (int step = 0; step < 64; ++step) {
    double sum = 0, weighted = 0;
    for (std::size_t j = 0; j < distances.size(); ++j) {
      out[j] = j == i ? 0 : std::exp(-precision * (distances[j] - nearest));
      sum += out[j];
      weighted += out[j] * (distances[j] - nearest);
    }
    const double entropy = std::log(sum) + precision * weighted / sum;
    for (double& value : out) value /= sum;
    if (std::abs(entropy - wanted) < 1e-5) return;
    (entropy > wanted ? low : high) = precision;
    precision = std::isinf(high) ? precision * 2 : (low + high) / 2;
  }
}

// Symmetric, adding up to 1 over all pairs. [n, n]
std::vector<float> joint_probabilities(ConstMatrixView rows, double perplexity, ThreadPool& pool) {
  const std::size_t n = rows.rows;
  const std::vector<double> distances = squared_distances(rows, pool);
  std::vector<double> conditional(n * n);
  pool.for_blocks(n, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i)
      conditional_probabilities(std::span(distances).subspan(i * n, n), i, perplexity, std::span(conditional).subspan(i * n, n));
  });
  std::vector<float> joint(n * n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      joint[i * n + j] = static_cast<float>((conditional[i * n + j] + conditional[j * n + i]) / (2 * static_cast<double>(n)));
  return joint;
}

// What pulls and pushes a point, and its share of the normaliser.
struct Forces {
  Point attraction{}, repulsion{};
  double kernel_sum = 0;
};

Forces forces_on(std::size_t i, const std::vector<float>& xs, const std::vector<float>& ys, std::span<const float> joint) {
  Forces forces;
  for (std::size_t j = 0; j < xs.size(); ++j) {
    const float dx = xs[i] - xs[j], dy = ys[i] - ys[j];
    const float kernel = 1 / (1 + dx * dx + dy * dy);  // Student t with one degree of freedom
    const float pull = joint[j] * kernel, push = kernel * kernel;
    forces.attraction[0] += pull * dx;
    forces.attraction[1] += pull * dy;
    forces.repulsion[0] += push * dx;
    forces.repulsion[1] += push * dy;
    forces.kernel_sum += kernel;
  }
  forces.kernel_sum -= 1;  // itself
  return forces;
}

// Momentum and gains of each coordinate, as in the authors' code.
class Descent {
 public:
  Descent(std::vector<Point> start, double learning_rate)
      : points_(std::move(start)), velocity_(points_.size(), Point{}), gains_(points_.size(), Point{1, 1}), learning_rate_(learning_rate) {}

  const std::vector<Point>& points() const { return points_; }

  void step(const std::vector<Point>& gradient, double momentum) {
    Point mean{};
    for (std::size_t i = 0; i < points_.size(); ++i) {
      for (std::size_t axis = 0; axis < 2; ++axis) {
        const bool turns = (gradient[i][axis] > 0) == (velocity_[i][axis] > 0);
        gains_[i][axis] = std::max(0.01, turns ? gains_[i][axis] * 0.8 : gains_[i][axis] + 0.2);
        velocity_[i][axis] = momentum * velocity_[i][axis] - learning_rate_ * gains_[i][axis] * gradient[i][axis];
        points_[i][axis] += velocity_[i][axis];
        mean[axis] += points_[i][axis] / static_cast<double>(points_.size());
      }
    }
    for (Point& point : points_)
      for (std::size_t axis = 0; axis < 2; ++axis) point[axis] -= mean[axis];
  }

 private:
  std::vector<Point> points_, velocity_, gains_;
  double learning_rate_;
};

// The principal axes, shrunk so far that every point can still go anywhere.
std::vector<Point> start_of(ConstMatrixView rows) {
  std::vector<Point> points = along_principal_axes(rows);
  double squares = 0;
  for (const Point& point : points) squares += point[0] * point[0];
  const double deviation = std::sqrt(squares / static_cast<double>(points.size()));
  for (Point& point : points)
    for (double& value : point) value *= deviation > 0 ? 1e-4 / deviation : 1;
  return points;
}

}  // namespace

std::vector<Point> tsne(ConstMatrixView rows, const TsneOptions& options, ThreadPool& pool) {
  const std::size_t n = rows.rows;
  if (n < 4) return along_principal_axes(rows);  // nothing to trade off
  const std::vector<float> joint = joint_probabilities(rows, std::min(options.perplexity, static_cast<double>(n - 1) / 3), pool);
  Descent descent(start_of(rows), std::max(50.0, static_cast<double>(n) / kEarlyExaggeration));
  std::vector<Forces> forces(n);
  std::vector<Point> gradient(n);
  std::vector<float> xs(n), ys(n);
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    for (std::size_t i = 0; i < n; ++i) {
      xs[i] = static_cast<float>(descent.points()[i][0]);
      ys[i] = static_cast<float>(descent.points()[i][1]);
    }
    pool.for_blocks(n, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) forces[i] = forces_on(i, xs, ys, std::span(joint).subspan(i * n, n));
    });
    double normaliser = 0;
    for (const Forces& each : forces) normaliser += each.kernel_sum;
    const bool is_early = iteration < kEarlyIterations;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t axis = 0; axis < 2; ++axis)
        gradient[i][axis] = 4 * ((is_early ? kEarlyExaggeration : 1) * forces[i].attraction[axis] - forces[i].repulsion[axis] / normaliser);
    descent.step(gradient, is_early ? 0.5 : 0.8);
  }
  return descent.points();
}

}  // namespace gemel::report
