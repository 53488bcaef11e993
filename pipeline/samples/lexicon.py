"""The words of the generated newswire corpus.

Invented companies, common names and real places. Some words are there because they are ambiguous: `May`, `Jordan`,
`Reading`, `Turkey` and more are names in one sentence and none, or another type, in the next.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    """Cuts at commas and takes blanks and line breaks off."""
    return tuple(" ".join(word.split()) for word in text.split(","))


FIRST_NAMES = _words("""
    Anna, Bill, Carlos, Dana, Elena, Farid, Grant, Hope, Ingrid, Jamal, Keiko, Lars, May, Nadia, Omar, Paris,
    Rose, Samir, Teresa, Ulrich, Vera, Will, Xenia, Yusuf, Zoe, Mark, Frank, Georgia, Chelsea, Austin, Amina,
    Bruno, Chiara, Dmitri, Esther, Felix, Greta, Hassan, Irene, Julia, Kofi, Leila, Miguel, Noor, Oscar, Petra,
    Ravi, Sofia, Tomas, Ursula, Victor, Wanda, Yara, Zoltan, Aiko, Benedikt, Camille, Diego, Emre, Fatima""")
LAST_NAMES = _words("""
    Adeyemi, Banks, Castellano, Dahl, Eriksen, Fontaine, Goldberg, Hoang, Ivanova, Jordan, King, Lindqvist,
    March, Novak, Okafor, Price, Quispe, Rahman, Sterling, Tanaka, Uzun, Vargas, Washington, Xu, Young, Zimmer,
    Abbott, Berger, Cole, Duarte, Ekberg, Ferrara, Grimaldi, Haddad, Ito, Jansen, Kowalski, Laurent, Mensah,
    Nakamura, O'Brien, Petrov, Quinn, Rossi, Silva, Tveit, Ueda, Virtanen, Weber, Yilmaz, Zanetti, Alvarez-Ruiz,
    Brandt, Cheng, Dvorak, El-Amin, Fischer, Gupta, Horvat, Iqbal""")
CITIES = _words("""
    Paris, Nairobi, Oslo, Lima, Reading, Nice, Bath, Osaka, Toronto, Lagos, Madrid, Vienna, Jakarta, Boston,
    Austin, Washington, Seoul, Dublin, Cairo, Athens, Warsaw, Mumbai, Geneva, Rotterdam, Porto, Helsinki,
    Santiago, Chelsea, San Marcos, New Haven, Cape Town, Buenos Aires, Hong Kong, Mobile, Orange, Split, Lyon,
    Bergen, Tampere, Izmir, Valencia, Krakow, Accra, Quito, Hanoi, Perth, Dakar, Leeds, Graz, Turin""")
COUNTRIES = _words("""
    France, Kenya, Norway, Peru, Jordan, Turkey, Georgia, Chad, Japan, Canada, Nigeria, Spain, Austria,
    Indonesia, China, Ireland, Egypt, Greece, Poland, India, Switzerland, Portugal, Finland, Chile, Mali, New
    Zealand, South Africa, Argentina, Costa Rica, Croatia, Iceland, Ghana, Ecuador, Vietnam, Australia, Senegal,
    Italy, Morocco, Oman, Sweden""")
REGIONS = _words("""
    Amazon, Alps, Mekong, Sahel, Baltic Sea, Lake Victoria, Black Forest, Gulf of Thailand, Mount Etna, Danube,
    Red Sea, Great Plains, Northern Province, Isle of Skye, Nile, Andes, Bay of Biscay, Loire, Rocky Mountains,
    Lake Constance""")
COMPANY_STEMS = _words("""
    Amazon, Orange, Sterling, Apple, Mercury, Brightwell, Corvane, Deltrix, Esker, Fonteva, Glasmark, Halden,
    Inverta, Jorvik, Kestrel, Lumira, Marlowe, Nordhaven, Optera, Pellworm, Quantrell, Rivermont, Solaria,
    Tarkwa, Unimer, Vantor, Westlake, Xylos, Yarrow, Zephyrine, Arbotech, Bluefin, Cindercone, Dunmore,
    Evergate, Fairbank""")
COMPANY_KINDS = _words("Inc, Group, Airlines, Motors, Bank, Holdings, Energy, Pharma, Foods, Systems, AG, & Sons")
CLUB_KINDS = _words("United, City, Rovers, Athletic, Wanderers, Hawks, Rangers")
INSTITUTIONS = _words("""
    Ministry of Health, Ministry of Transport, Central Bank, Supreme Court, Green Alliance, Labour Union,
    Senate, Court of Auditors, Institute for Ocean Research, Observatory of the South, Farmers' League, Board of
    Trade, Academy of Sciences, Red Harbour Trust, Children's Aid Fund, Parliament""")
NATIONALITIES = _words("""
    French, Kenyan, Norwegian, Peruvian, Jordanian, Turkish, Georgian, Chadian, Japanese, Canadian, Nigerian,
    Spanish, Austrian, Polish, Irish, Egyptian, Greek, Indian, Swiss, Portuguese, Finnish, Chilean, Malian,
    Dutch, Argentine, Croatian, Icelandic, Ghanaian, Vietnamese, Australian, Italian, Swedish""")
EVENT_KINDS = _words("Open, Marathon, Grand Prix, Film Festival, Book Fair, Cup, Biennale, Summit")
PRODUCT_STEMS = _words("""
    Falcon, Merlin, Aurora, Pioneer, Nimbus, Tempo, Vector, Breeze, Cobalt, Dorado, Ember, Fjord, Glider,
    Horizon""")
AWARDS = _words("""
    Golden Quill, Silver Lantern, Prize of Letters, Order of the Lion, Medal of Science, Crystal Bear""")

DAYS = _words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
MONTHS = _words("January, February, March, April, May, June, July, August, September, October, November, December")
JOBS = _words("""
    minister, spokesman, striker, professor, chairwoman, analyst, novelist, captain, mayor, engineer, judge,
    trainer, director, farmer, surgeon, pilot""")
