#include "gemel/synth/assortment.h"

namespace gemel::synth {
namespace {

using Words = std::string_view;

constexpr Category kCategories[] = {
    {"Face care", {.15, 15, 0}},   {"Body care", {.35, 10, 0}},    {"Hair care", {.05, 200, 0}},  {"Hair styling", {.1, 170, 0}},
    {"Complexion", {.1, 320, 0}},  {"Eye make-up", {.15, 340, 0}}, {"Lips", {.2, 345, 0}},        {"Nails", {.35, 180, 0}},
    {"Fragrance", {1.0, 344, 18}}, {"Sun care", {1.6, 190, 0}},    {"Bath", {.25, 5, 0}},         {"Grooming", {.4, 345, 20}},
    {"Oral care", {0, 0, 0}},      {"Tools", {.2, 340, 20}},       {"Gift sets", {2.2, 344, 14}},
};
enum CategoryName : std::size_t {
  kFace,
  kBody,
  kHair,
  kStyling,
  kComplexion,
  kEyes,
  kLips,
  kNails,
  kFragrance,
  kSun,
  kBath,
  kGrooming,
  kOral,
  kTools,
  kGifts
};

constexpr unsigned kSkin = kBySkinType | kByIngredients, kHairy = kByHairType | kByIngredients, kMakeUp = kByFinish | kByShade;

// name, category, weight, men, women, min and max ml, ml a day, price, described by
constexpr ProductType kTypes[] = {
    {"Day Cream", kFace, 4, .1, .4, 30, 75, 1.0, 24, kSkin},
    {"Night Cream", kFace, 3, .05, .5, 30, 50, .9, 27, kSkin},
    {"Serum", kFace, 4, .05, .4, 15, 50, .7, 32, kSkin},
    {"Eye Cream", kFace, 2, .05, .5, 10, 20, .3, 25, kSkin},
    {"Cleansing Foam", kFace, 2.5, .1, .3, 100, 200, 3, 13, kSkin},
    {"Micellar Water", kFace, 1.5, 0, .4, 200, 500, 6, 10, kSkin},
    {"Toner", kFace, 2, .05, .4, 100, 250, 3.5, 15, kSkin},
    {"Face Mask", kFace, 2, .05, .5, 50, 100, 2, 16, kSkin},
    {"Face Scrub", kFace, 1, .1, .4, 50, 100, 1.5, 14, kSkin},
    {"Face Oil", kFace, 1, 0, .5, 15, 50, .5, 28, kSkin},
    {"Body Lotion", kBody, 3, .1, .3, 200, 500, 9, 14, kSkin},
    {"Body Butter", kBody, 1.5, 0, .5, 150, 300, 6, 17, kSkin},
    {"Hand Cream", kBody, 2, .05, .3, 30, 100, 1.2, 8, kSkin},
    {"Foot Cream", kBody, 1, .05, .3, 50, 100, 1.5, 9, kSkin},
    {"Deodorant", kBody, 3, .4, .4, 50, 150, 1.6, 7, kByIngredients},
    {"Body Oil", kBody, 1, 0, .5, 100, 200, 4, 19, kSkin},
    {"Shampoo", kHair, 4, .2, .3, 200, 500, 6, 11, kHairy},
    {"Conditioner", kHair, 3, .05, .4, 150, 400, 5, 12, kHairy},
    {"Hair Mask", kHair, 2, 0, .5, 150, 300, 3, 16, kHairy},
    {"Hair Oil", kHair, 1.5, 0, .5, 50, 100, .8, 18, kHairy},
    {"Dry Shampoo", kHair, 1, .05, .5, 100, 200, 3, 9, kHairy},
    {"Leave-in Spray", kHair, 1, 0, .5, 100, 250, 2.5, 14, kHairy},
    {"Styling Gel", kStyling, 1.5, .5, .2, 100, 250, 2.5, 9, kByHairType},
    {"Hair Spray", kStyling, 1.5, .1, .5, 150, 400, 4, 9, kByHairType},
    {"Curl Cream", kStyling, 1, 0, .6, 100, 200, 2.5, 15, kByHairType},
    {"Matte Clay", kStyling, 1, .9, 0, 50, 100, 1, 15, kByHairType},
    {"Foundation", kComplexion, 3, 0, .7, 20, 40, .35, 26, kMakeUp | kBySkinType},
    {"Concealer", kComplexion, 2, 0, .7, 5, 12, .1, 18, kMakeUp | kBySkinType},
    {"Powder", kComplexion, 1.5, 0, .7, 8, 20, .12, 20, kMakeUp},
    {"Blush", kComplexion, 1.5, 0, .8, 5, 12, .05, 18, kMakeUp},
    {"Highlighter", kComplexion, 1, 0, .8, 5, 12, .04, 20, kMakeUp},
    {"Primer", kComplexion, 1, 0, .7, 20, 40, .4, 22, kByFinish | kBySkinType},
    {"Mascara", kEyes, 2.5, 0, .9, 7, 12, .12, 17, kByShade},
    {"Eyeliner", kEyes, 1.5, 0, .9, 1, 3, .02, 12, kMakeUp},
    {"Eyeshadow Palette", kEyes, 2, 0, .9, 8, 20, .05, 30, kMakeUp},
    {"Brow Pencil", kEyes, 1, 0, .9, 1, 2, .012, 14, kByShade},
    {"Lipstick", kLips, 3, 0, .9, 3, 5, .04, 19, kMakeUp},
    {"Lip Gloss", kLips, 2, 0, .9, 4, 8, .08, 14, kMakeUp},
    {"Lip Balm", kLips, 1.5, .1, .2, 5, 15, .12, 6, kByIngredients},
    {"Lip Liner", kLips, 1, 0, .9, 1, 2, .012, 11, kMakeUp},
    {"Nail Polish", kNails, 3, 0, .9, 8, 14, .08, 9, kMakeUp},
    {"Nail Oil", kNails, .7, 0, .6, 8, 15, .15, 10, kByIngredients},
    {"Polish Remover", kNails, .7, 0, .7, 100, 200, 2, 5, 0},
    {"Eau de Parfum", kFragrance, 3.5, .35, .5, 30, 100, .4, 68, 0},
    {"Eau de Toilette", kFragrance, 2.5, .45, .4, 30, 100, .6, 48, 0},
    {"Body Mist", kFragrance, 1, .1, .6, 100, 250, 2.5, 16, 0},
    {"Sunscreen SPF 50", kSun, 2, .05, .1, 50, 200, 4, 18, kSkin},
    {"Sun Milk SPF 30", kSun, 1.2, .05, .1, 150, 250, 8, 16, kSkin},
    {"After Sun Gel", kSun, 1, .05, .1, 150, 250, 8, 12, kSkin},
    {"Self-Tanner", kSun, .8, 0, .5, 100, 200, 4, 17, kSkin},
    {"Shower Gel", kBath, 3, .3, .3, 200, 500, 10, 7, kByIngredients},
    {"Bath Salt", kBath, 1, 0, .3, 200, 500, 8, 13, kByIngredients},
    {"Bubble Bath", kBath, 1, 0, .3, 250, 500, 12, 9, kByIngredients},
    {"Soap Bar", kBath, 1, .1, .2, 75, 150, 2.5, 6, kByIngredients},
    {"Beard Oil", kGrooming, 1, 1, 0, 30, 60, .7, 18, kByIngredients},
    {"Shaving Cream", kGrooming, 1.2, .9, 0, 75, 200, 2.2, 10, kBySkinType},
    {"Aftershave Balm", kGrooming, 1.2, 1, 0, 75, 150, 1.6, 22, kSkin},
    {"Toothpaste", kOral, 1, 0, 0, 50, 100, 2.2, 4, kByIngredients},
    {"Mouthwash", kOral, .7, 0, 0, 250, 500, 12, 6, kByIngredients},
    {"Make-up Brush", kTools, 1.5, 0, .6, 0, 0, 0, 14, 0},
    {"Hair Brush", kTools, .8, .1, .3, 0, 0, 0, 16, kByHairType},
    {"Sponge Set", kTools, .7, 0, .6, 0, 0, 0, 9, 0},
    {"Care Gift Set", kGifts, 1.2, .25, .5, 0, 0, 0, 35, kBySkinType},
    {"Fragrance Gift Set", kGifts, 1, .4, .5, 0, 0, 0, 75, 0},
};

constexpr Words kIngredients[] = {
    "aloe vera",
    "almond oil",
    "argan oil",
    "arnica",
    "avocado oil",
    "bamboo extract",
    "bergamot oil",
    "bisabolol",
    "blue algae",
    "borage oil",
    "calendula",
    "caffeine",
    "camellia oil",
    "ceramides",
    "chamomile",
    "charcoal",
    "clay",
    "cocoa butter",
    "coconut oil",
    "coenzyme Q10",
    "collagen",
    "cornflower water",
    "cucumber extract",
    "elderflower",
    "evening primrose oil",
    "fig extract",
    "ginger root",
    "ginseng",
    "glycerin",
    "glycolic acid",
    "goat milk",
    "grape seed oil",
    "green tea",
    "hemp oil",
    "hibiscus",
    "honey",
    "hyaluronic acid",
    "iris root",
    "jojoba oil",
    "keratin",
    "lactic acid",
    "lavender oil",
    "licorice root",
    "linseed",
    "macadamia oil",
    "magnesium",
    "mango butter",
    "menthol",
    "niacinamide",
    "oat milk",
    "olive oil",
    "orange blossom water",
    "panthenol",
    "peony extract",
    "peptides",
    "probiotics",
    "quinoa protein",
    "retinol",
    "rice water",
    "rose hip oil",
    "rosemary",
    "royal jelly",
    "sage",
    "salicylic acid",
    "sea buckthorn",
    "sea salt",
    "shea butter",
    "silk protein",
    "squalane",
    "tea tree oil",
    "thyme",
    "turmeric",
    "urea",
    "vitamin A",
    "vitamin C",
    "vitamin E",
    "white tea",
    "witch hazel",
    "yarrow",
    "zinc oxide",
};
constexpr Words kSkinEffects[] = {"hydrating", "soothing", "firming",    "brightening", "clarifying", "nourishing",
                                  "smoothing", "plumping", "mattifying", "exfoliating", "protecting", "repairing"};
constexpr Words kHairEffects[] = {"volume",        "repair",        "shine",     "colour protection", "anti-frizz",
                                  "strengthening", "anti-dandruff", "hydrating", "smoothing"};
constexpr Words kOtherEffects[] = {"long-lasting", "refreshing", "energising", "relaxing", "waterproof", "gentle", "cooling", "caring"};
constexpr Words kScents[] = {"unscented", "almond",     "amber",      "cedar", "cherry",  "citrus",  "coconut",        "fig", "fresh linen",
                             "green tea", "jasmine",    "lavender",   "lily",  "mint",    "musk",    "orange blossom", "oud", "peach",
                             "rose",      "sandalwood", "sea breeze", "tonka", "vanilla", "vetiver", "violet"};
constexpr Words kSkinTypes[] = {"normal", "dry", "oily", "combination", "sensitive", "mature"};
constexpr Words kHairTypes[] = {"normal", "fine", "thick", "curly", "coloured", "dry", "oily"};
constexpr Words kFinishes[] = {"matte", "satin", "glossy", "shimmer", "natural", "velvet"};
constexpr Words kShades[] = {"Almond", "Apricot", "Ash",   "Berry",  "Brick",  "Bronze", "Caramel",    "Cinnamon", "Cocoa",    "Copper",
                             "Coral",  "Ebony",   "Fawn",  "Garnet", "Ginger", "Honey",  "Ivory",      "Mahogany", "Mauve",    "Mocha",
                             "Nutmeg", "Onyx",    "Pearl", "Petal",  "Plum",   "Poppy",  "Porcelain",  "Quartz",   "Rosewood", "Ruby",
                             "Russet", "Sand",    "Sepia", "Sienna", "Slate",  "Tawny",  "Terracotta", "Thistle",  "Toffee",   "Umber"};
constexpr Words kAgeGroups[] = {"under 20", "20-29", "30-39", "40-49", "50-59", "60 and over"};
constexpr Words kRegions[] = {"north", "east", "south", "west", "abroad"};

constexpr Words kBrandBeginnings[] = {"Alm",  "Arv",  "Bris", "Cael", "Cord", "Dav",  "Dorm", "Elv",  "Esm",  "Fenn", "Fior",
                                      "Gal",  "Hald", "Ilm",  "Isk",  "Jor",  "Kest", "Lorm", "Lys",  "Mael", "Mirr", "Nael",
                                      "Nerv", "Oriv", "Osk",  "Pell", "Quor", "Rav",  "Rusk", "Selm", "Sorr", "Tam",  "Thel",
                                      "Ulv",  "Ums",  "Varr", "Vesp", "Wend", "Xant", "Yll",  "Zeph"};
constexpr Words kBrandEndings[] = {"ada",  "aine", "alis",  "anto",  "aria",  "eau",  "edra", "elin",  "enne",
                                   "erra", "essa", "iande", "idor",  "iette", "illo", "imar", "indra", "isse",
                                   "ola",  "onde", "ora",   "ouise", "ovin",  "una",  "yra"};
constexpr Words kSeriesFirst[] = {"Pure",   "Silk",  "Aqua",   "Velvet", "Morning", "Midnight", "Wild",   "Golden",
                                  "Alpine", "Urban", "Soft",   "Royal",  "Deep",    "Clear",    "Green",  "Nordic",
                                  "Secret", "Daily", "Bright", "Calm",   "Bare",    "Ocean",    "Winter", "Summer"};
constexpr Words kSeriesSecond[] = {"Bloom",   "Ritual",  "Touch",  "Garden", "Light", "Balance", "Essence", "Skin",
                                   "Moments", "Harvest", "Breeze", "Spirit", "Dew",   "Code",    "Aura",    "Roots",
                                   "Story",   "Therapy", "Poem",   "Glow",   "Lab",   "Theory",  "Nest",    "Tide"};

}  // namespace

std::span<const Category> categories() { return kCategories; }
std::span<const ProductType> product_types() { return kTypes; }
std::span<const std::string_view> ingredients() { return kIngredients; }
std::span<const std::string_view> skin_effects() { return kSkinEffects; }
std::span<const std::string_view> hair_effects() { return kHairEffects; }
std::span<const std::string_view> other_effects() { return kOtherEffects; }
std::span<const std::string_view> scents() { return kScents; }
std::span<const std::string_view> skin_types() { return kSkinTypes; }
std::span<const std::string_view> hair_types() { return kHairTypes; }
std::span<const std::string_view> finishes() { return kFinishes; }
std::span<const std::string_view> shades() { return kShades; }
std::span<const std::string_view> age_groups() { return kAgeGroups; }
std::span<const std::string_view> regions() { return kRegions; }
std::span<const std::string_view> brand_beginnings() { return kBrandBeginnings; }
std::span<const std::string_view> brand_endings() { return kBrandEndings; }
std::span<const std::string_view> series_first_words() { return kSeriesFirst; }
std::span<const std::string_view> series_second_words() { return kSeriesSecond; }

}  // namespace gemel::synth
