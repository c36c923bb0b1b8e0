// What is drawn, and the probabilities that the oracle ranks by, both against the formula of world.h written out once more.
#include "gemel/synth/choice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace gemel::synth {
namespace {

constexpr Second kNow = 250 * kSecondsADay + 50'000;
constexpr std::size_t kDraws = 300'000;

class ChoiceFormula : public ::testing::Test {
 protected:
  ChoiceFormula() {
    // Products that are for sale now: bought long ago and due, bought twice, viewed, put into the cart; and one that is not for sale.
    for (std::size_t product = 0; product < world_.num_products(); ++product) {
      if (!world_.demand().is_for_sale(product, 250)) missing_ = product;
      else if (world_.catalogue().products[product].duration_days > 0) owned_.push_back(product);
    }
    customer_.loyalty = 1.3;
    customer_.price_sensitivity = .6;
    add(owned_[0], Action::kPurchase, 60);
    add(missing_, Action::kPurchase, 50);
    add(owned_[1], Action::kPurchase, 120);
    add(owned_[1], Action::kPurchase, 45);
    add(owned_[2], Action::kView, 3);
    add(owned_[3], Action::kView, 1);
    add(owned_[3], Action::kCart, .999);
    add(missing_, Action::kView, .5);
  }

  void add(std::size_t product, Action action, double days_ago) {
    const Second at = kNow - static_cast<Second>(days_ago * kSecondsADay);
    state_.add(product, action, at);
  }

  double need(std::size_t product, double days_ago, double habit) const {
    const double ratio = days_ago / world_.catalogue().products[product].duration_days;
    return customer_.loyalty * .6 * habit * std::exp(-.5 * std::pow(std::log(ratio) / .4, 2));
  }

  std::vector<double> novelty() const {
    std::vector<double> share(world_.num_products());
    double total = 0;
    for (std::size_t product = 0; product < share.size(); ++product) {
      double cosine = 0;
      for (std::size_t i = 0; i < kTasteDim; ++i) cosine += customer_.taste[i] * world_.catalogue().products[product].taste[i];
      share[product] = world_.demand().of_day(250)[product] * std::exp(5 * cosine);
      total += share[product];
    }
    for (double& value : share) value /= total;
    return share;
  }

  // The formula: probability to look at each product, and to look at it and buy it.
  void expect(std::vector<double>& view, std::vector<double>& purchase) const {
    const std::map<std::size_t, double> needs = {{owned_[0], need(owned_[0], 60, 1)}, {owned_[1], need(owned_[1], 45, 1.5)}};
    const std::map<std::size_t, double> interests = {{owned_[2], .1 * std::pow(2, -3. / 4)}, {owned_[3], .5 * std::pow(2, -.999 / 4)}};
    view = novelty();
    purchase = view;
    for (double& value : purchase) value *= .2;
    double total = 1;
    for (const auto& [product, pull] : needs) {
      view[product] += pull;
      purchase[product] += .7 * pull;
      total += pull;
    }
    for (const auto& [product, pull] : interests) {
      view[product] += pull;
      purchase[product] += .4 * pull;
      total += pull;
    }
    for (std::size_t product = 0; product < view.size(); ++product) {
      const double z = world_.catalogue().products[product].price_z;
      view[product] /= total;
      purchase[product] *= 1 / (1 + std::exp(-(1.1 - .6 * z))) / total;
    }
  }

  ThreadPool pool_{1};
  World world_ = World::make({.scale = .001, .seed = 3}, pool_).value();
  Customer customer_ = world_.customer(11);
  PersonalState state_;
  std::vector<std::size_t> owned_;
  std::size_t missing_ = 0;
};

void expect_frequencies(const std::vector<double>& counts, const std::vector<double>& probabilities, double num_draws) {
  double chi_square = 0, degrees = -1, rare_count = 0, rare_expected = 0;
  const auto compare = [&](double count, double expected) {
    chi_square += (count - expected) * (count - expected) / expected;
    ++degrees;
  };
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = probabilities[i] * num_draws;
    if (expected == 0) {
      EXPECT_EQ(counts[i], 0) << i;
    }
    if (expected >= 5) compare(counts[i], expected);
    else rare_count += counts[i], rare_expected += expected;
  }
  if (rare_expected >= 5) compare(rare_count, rare_expected);
  EXPECT_GT(degrees, 20);
  EXPECT_LT(chi_square, degrees + 4 * std::sqrt(2 * degrees)) << degrees << " degrees of freedom";
}

TEST_F(ChoiceFormula, WhatIsLookedAtAndBoughtHasTheFrequenciesOfTheFormula) {
  std::vector<double> view, purchase;
  expect(view, purchase);
  std::vector<double> views(view.size()), purchases(view.size());
  Chooser chooser(world_);
  Rng rng(17);
  for (std::size_t i = 0; i < kDraws; ++i) {
    const Choice choice = chooser.draw(customer_, state_, kNow, rng);
    ++views[choice.product];
    if (rng.uniform() >= cart_chance(choice.motive)) continue;
    if (rng.uniform() < buy_chance(customer_, world_.catalogue().products[choice.product])) ++purchases[choice.product];
  }
  expect_frequencies(views, view, kDraws);
  double buys = 0, bought = 0;
  for (std::size_t i = 0; i < purchase.size(); ++i) buys += purchase[i], bought += purchases[i];
  EXPECT_NEAR(bought / kDraws, buys, 4 * std::sqrt(buys / kDraws));
  for (double& value : purchase) value /= buys;
  expect_frequencies(purchases, purchase, bought);
}

TEST_F(ChoiceFormula, TheWeightsOfTheOracleAreThoseOfTheFormula) {
  std::vector<double> view, purchase, fits;
  expect(view, purchase);
  Chooser chooser(world_);
  chooser.fit(customer_.taste, fits);
  for (const auto& [action, expected] : {std::pair(Action::kView, view), std::pair(Action::kPurchase, purchase)}) {
    std::vector<double> weights(world_.num_products(), 1);
    chooser.add_weights(customer_, state_, fits, kNow, action, 2, weights);
    for (std::size_t product = 0; product < weights.size(); ++product)
      EXPECT_NEAR(weights[product], 1 + 2 * expected[product], 1e-6) << product;
  }
}

TEST_F(ChoiceFormula, APurchaseEndsTheInterest) {
  std::vector<Pull> pulls;
  PersonalState state;
  state.add(owned_[0], Action::kView, kNow - 500);
  state.add(owned_[0], Action::kCart, kNow - 400);
  state.pulls(world_, customer_, kNow - 1, pulls);
  ASSERT_EQ(pulls.size(), 1u);
  EXPECT_NEAR(pulls[0].interest, .5, .01);
  state.add(owned_[0], Action::kPurchase, kNow - 300);
  EXPECT_LT(state.pulls(world_, customer_, kNow, pulls), 1e-6);  // nor is there a need yet
}

}  // namespace
}  // namespace gemel::synth
