"""Who lives in the seeded world, and what they say."""

from dataclasses import dataclass
from typing import Final

from core.viewer import AccountRole


@dataclass(frozen=True, slots=True)
class Person:
    """A seeded person; the higher `fame`, the more follow them. `role` is an `AccountRole`."""

    handle: str
    name: str
    bio: str
    fame: int = 1
    role: AccountRole = "MEMBER"


LEADING: Final = (
    Person("ana", "Ana Ferreira", "Photographer in Lisbon. Light, tiles and trams. With @ben on weekends.", 9),
    Person("ben", "Ben Okafor", "Architect. I draw what @ana photographs. #buildings", 6, "MODERATOR"),
    Person("chloe", "Chloé Martin", "Trails, bread and film cameras. https://example.org/chloe", 4, "ADMIN"),
)

_OTHERS: Final = """
davide|Davide Conti|Sea swimmer, also in January. #sea
elif|Elif Aydin|Ceramics from a small studio by the Bosphorus.
farid|Farid Haddad|Night walks and neon.
greta|Greta Lindqvist|Forests of the north. Slow pictures.
hugo|Hugo Álvarez|Skateboards, stairs, repeat.
ines|Inês Rocha|Surf reports nobody asked for.
jonas|Jonas Weber|Trains of Europe, window seat.
kaya|Kaya Demir|Tea first.
liam|Liam Byrne|Rain enthusiast.
mei|Mei Tanaka|Paper, ink and a patient cat.
noor|Noor Rahman|Cooking my grandmother's notebook, page by page.
oskar|Oskar Nowak|Bicycles older than me.
priya|Priya Nair|Monsoon, mangoes, mathematics.
quentin|Quentin Dubois|Bakery at 4 a.m.
rosa|Rosa Marino|Gardens on balconies.
samir|Samir Aziz|Oud player. Courtyards.
tove|Tove Berg|Cabins and cold water.
uma|Uma Iyer|Textiles and colour.
viktor|Viktor Petrov|Brutalism, lovingly. #buildings
wanda|Wanda Zieliński|Dogs of my street.
xavier|Xavier Costa|Moka pot collector.
yara|Yara Haddad|Deserts at dawn.
zeno|Zeno Ricci|Stone walls of the Alps.
amara|Amara Diallo|Street portraits, always asked first.
bruno|Bruno Silva|Football on sand.
carla|Carla Jensen|Harbours. #sea
dmitri|Dmitri Volkov|Chess in parks.
esther|Esther Mensah|Markets and the colours of fruit.
finn|Finn Murphy|Lighthouses, thirty so far.
gita|Gita Sharma|Dance rehearsals.
hana|Hana Kim|Stationery. That is all.
ivo|Ivo Horvat|Islands by ferry.
jun|Jun Sato|Ramen ledger.
kofi|Kofi Boateng|Wood, planes and shavings.
lucia|Lucía Torres|Roof terraces.
marek|Marek Kowal|Mountain huts.
nadia|Nadia Popescu|Old cinemas.
omar|Omar Farouk|Kites.
paula|Paula Schmidt|Allotment news.
rafa|Rafa Gómez|Tapas, map in hand.
sofia|Sofia Rossi|Vespa repairs.
teo|Teo Ionescu|Fog.
ulla|Ulla Hansen|Knitting on trains.
vera|Vera Novák|Library ladders.
wei|Wei Chen|Tea houses and bamboo.
yusuf|Yusuf Kaya|Calligraphy practice, day by day.
zoe|Zoë Papadaki|Boats with names.
arlo|Arlo Quinn|Records and rain.
bea|Bea Moretti|Lemons.
cyrus|Cyrus Amini|Carpets, knots per centimetre.
dora|Dóra Szabó|Baths of Budapest.
emil|Emil Larsen|Frost on windows.
faye|Faye Wong|Ferry wharf at six.
gael|Gaël Le Roux|Tides and timetables.
"""


def _person(line: str, fame: int) -> Person:
    handle, name, bio = line.split("|")
    return Person(handle, name, bio, fame)


EVERYBODY: Final = (
    *LEADING,
    *(_person(line, fame=5 if number % 11 == 0 else 1) for number, line in enumerate(_OTHERS.split("\n")[1:-1])),
)

CAPTIONS: Final = (
    "Waited an hour for this light. #light",
    "Morning round.",
    "The long way home. #walking",
    "Found this on the corner and stayed for an hour.",
    "Same place, other season.",
    "Too early for coffee, not too early for this.",
    "Colours of the week. #colours",
    "For @ana, who asked.",
    "Nothing happened, and it was lovely.",
    "One more from last weekend with @ben.",
    "Trying a new palette. #colours",
    "Somewhere between two stops. #trains",
    "Wind from the west, hands in pockets.",
    "Kept this one for a grey day.",
    "First try. Kind words only!",
    None,
)

COMMENTS: Final = (
    "Oh, this is beautiful.",
    "Where is this?",
    "The colours!",
    "I can hear this picture.",
    "More of these, please.",
    "Take me along next time?",
    "This made my day.",
    "Love the light here.",
    "@ana you have to see this one.",
    "That sky.",
    "Framing this.",
    "Quiet and perfect.",
    "You have such an eye.",
    "Is that the place we talked about?",
)
