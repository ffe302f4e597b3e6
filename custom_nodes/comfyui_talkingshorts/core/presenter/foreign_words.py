# ruff: noqa: RUF001 (letters of other languages)
"""What the words of other languages are in English, for the looks of the drawn presenter: data for foreign_prompt.py.

A line is English, a colon, and the words for it; `*` stands for any ending. What `-` is in front of says nothing of a
look. The languages that put adjectives after the noun, and those that deny a word behind it, are named below.
"""

from __future__ import annotations

ADJECTIVES_FOLLOW = frozenset(("es", "fr", "it", "pt", "ro", "vi", "id", "ar", "fa", "he"))
DENIALS_FOLLOW = frozenset(
    ("hu", "tr", "ja", "ko", "hi", "bn", "pa", "gu", "ta", "te", "kn", "ml", "si", "my", "ka", "hy", "am")
)
COMPOUNDING = frozenset(("de", "nl", "sv", "nb", "fi"))
"""Languages that write a noun and what describes it as one word, the noun last."""

PREFIXES = {"ar": ("وال", "بال", "لل", "ال", "و", "ب", "ل"), "he": ("וה", "וב", "ה", "ב", "ו", "ל")}
SUFFIXES = {"ar": ("ا", "ها", "ه")}
"""What a language writes together with the word behind it, and before it."""

FOREIGN_WORDS: dict[str, str] = {
    "de": """
        man: mann männer* herr herrn kerl typ ehemann bruder vater moderator geschäftsmann
        woman: frau frauen dame ehefrau schwester mutter moderatorin ärztin lehrerin
        boy: ein_junge einen_jungen bub knabe
        girl: mädchen
        person: person mensch
        old man: opa großvater greis rentner
        old woman: oma großmutter greisin rentnerin
        young: jung junge jungen junger junges jungem jugendlich*
        old: alt alte alter alten altes altem älter* betagt* ältlich*
        adult: erwachsen* mittelalt*
        beard: bart bärte vollbart rauschebart
        bearded: bärtig*
        stubble: dreitagebart stoppel* unrasiert*
        moustache: schnurrbart schnauzbart schnauzer oberlippenbart
        goatee: kinnbart ziegenbart spitzbart
        clean-shaven: glattrasiert* rasiert* bartlos*
        glasses: brille brillen sonnenbrille bebrillt* brillengläser*
        man glasses: brillenträger
        woman glasses: brillenträgerin
        bald: glatze glatzkopf glatzköpfig* kahl* kahlköpfig*
        balding: halbglatze geheimratsecken
        hair: haar haare haaren
        haired: haarig*
        eye: auge augen
        eyed: äugig*
        skin: haut hautfarbe teint
        skinned: häutig*
        long: lang lange langem langen langes langer
        short: kurz kurze kurzem kurzen kurzes kurzer
        straight: glatt glatte glatten glattem
        curly: lockig* locken lockenkopf kraus*
        wavy: wellig* gewellt*
        shoulder-length: schulterlang*
        black: schwarz*
        white: weiß* weiss*
        grey: grau* silbern*
        red: rot rote roten rotem roter rotes
        redhead: rothaarig* rotschopf
        blonde: blond*
        woman blonde: blondine blondinen
        brown: braun*
        brunette: brünett*
        dark: dunkel dunkle*
        light: hell helle hellen hellem heller helles
        blue: blau*
        green: grün grüne grünen grünem grüner grünes
        pink: rosa pink*
        purple: lila violett*
        yellow: gelb*
        orange: orange*
        turquoise: türkis*
        beige: beige*
        ponytail: pferdeschwanz zopf
        bun: dutt haarknoten
        bob: bob
        afro: afro
        hijab: kopftuch hidschab hijab
        freckle: sommersprossen sommersprossig*
        earring: ohrring* ohrstecker
        suit: anzug anzüge
        tie: krawatte schlips
        blazer: blazer sakko jackett jacke
        shirt: hemd
        t-shirt: t-shirt tshirt
        hoodie: hoodie kapuzenpullover kapuzenpulli
        sweater: pullover pulli strickpullover
        turtleneck: rollkragen* rollkragenpullover
        blouse: bluse
        dress: kleid
        background: hintergrund
        wall: wand
        studio: studio
        office: büro bibliothek bücherregal
        home: wohnzimmer küche zimmer zuhause
        garden: garten park wald strand natur
        night: nacht nachts abend*
        city: stadt
        african: afrikanisch* afrikaner
        woman african: afrikanerin
        asian: asiatisch* asiate
        woman asian: asiatin
        indian: indisch* inder
        woman indian: inderin
        without: ohne
        no: kein keine keinen keiner keinem nicht weder noch
        with: mit
        and: und
        or: oder
        in: in im vor trägt tragend
        -: man ein eine einen einem einer eines der die das den dem des
        -: er ihr sein seine ist hat am an auf von zu sehr etwas
    """,
    "nl": """
        man: man mannen heer kerel vader broer
        woman: vrouw vrouwen dame moeder zus
        boy: jongen
        girl: meisje
        person: persoon mens
        old man: opa grootvader bejaarde
        old woman: oma grootmoeder
        young: jong jonge jeugdig*
        old: oud oude oudere ouder bejaard*
        adult: volwassen*
        beard: baard volle_baard
        bearded: bebaard*
        stubble: stoppelbaard stoppels ongeschoren
        moustache: snor
        goatee: sik sikje
        clean-shaven: gladgeschoren geschoren
        glasses: bril brillen zonnebril
        bald: kaal kale
        hair: haar haren
        haired: harig*
        eye: oog ogen
        eyed: ogig*
        skin: huid
        long: lang lange
        short: kort korte
        straight: steil steile
        curly: krullend* krullen krulhaar
        wavy: golvend*
        black: zwart*
        white: wit witte
        grey: grijs grijze
        red: rood rode
        redhead: roodharig*
        blonde: blond*
        brown: bruin*
        dark: donker*
        light: licht lichte
        blue: blauw*
        green: groen*
        pink: roze
        purple: paars* lila
        yellow: geel gele
        orange: oranje
        ponytail: paardenstaart
        bun: knot knotje
        hijab: hoofddoek hijab
        freckle: sproeten
        earring: oorbel* oorring*
        suit: pak kostuum
        tie: stropdas das
        blazer: blazer jas jasje colbert
        shirt: overhemd hemd
        t-shirt: t-shirt tshirt
        hoodie: hoodie
        sweater: trui
        turtleneck: coltrui
        blouse: blouse
        dress: jurk
        background: achtergrond
        wall: muur
        studio: studio
        office: kantoor bibliotheek
        home: woonkamer keuken kamer
        garden: tuin park bos strand natuur
        night: nacht avond
        city: stad
        african: afrikaans*
        asian: aziatisch*
        indian: indiaas*
        without: zonder
        no: geen niet
        with: met
        and: en
        or: of
        in: in op voor draagt
        -: een de het zijn is heeft van aan te zeer erg
    """,
    "fr": """
        man: homme hommes monsieur mec père frère présentateur
        woman: femme femmes dame mère sœur présentatrice
        boy: garçon
        girl: fille fillette
        person: personne
        old man: vieillard papi papy grand-père
        old woman: mamie grand-mère
        young: jeune jeunes
        old: vieux vieil vieille âgé âgée senior
        adult: adulte mûr mûre
        beard: barbe
        bearded: barbu*
        stubble: mal_rasé barbe_de_trois_jours
        moustache: moustache moustachu*
        goatee: bouc barbiche barbichette
        clean-shaven: rasé imberbe
        glasses: lunettes lunette
        bald: chauve chauves crâne
        balding: dégarni*
        hair: cheveux cheveu chevelure
        eye: œil yeux oeil
        skin: peau teint
        long: long longs longue longues
        short: court courts courte courtes
        straight: raide raides lisse lisses
        curly: bouclé* frisé* boucles crépu*
        wavy: ondulé*
        black: noir*
        white: blanc blancs blanche blanches
        grey: gris grise grises
        red: rouge rouges
        redhead: roux rousse rousses
        blonde: blond*
        brown: brun* marron châtain* châtaigne
        dark: foncé* sombre*
        light: clair*
        blue: bleu*
        green: vert verts verte vertes
        pink: rose roses
        purple: violet* mauve
        yellow: jaune*
        orange: orange
        turquoise: turquoise
        beige: beige
        ponytail: queue-de-cheval queue
        bun: chignon
        bob: carré
        afro: afro
        hijab: voile voilée foulard hijab
        freckle: taches_de_rousseur rousseur
        earring: boucles_d'oreilles boucles_d'oreille
        suit: costume
        tie: cravate
        blazer: veste blazer veston
        shirt: chemise
        t-shirt: t-shirt tee-shirt tshirt
        hoodie: sweat_à_capuche capuche
        sweater: pull pullover chandail
        turtleneck: col_roulé
        blouse: chemisier blouse
        dress: robe
        background: fond arrière-plan
        wall: mur
        studio: studio
        office: bureau bibliothèque
        home: salon cuisine chambre maison
        garden: jardin parc forêt plage nature
        night: nuit soir
        city: ville
        african: africain*
        asian: asiatique*
        indian: indien*
        without: sans
        no: pas ni aucun aucune
        with: avec portant porte
        and: et
        or: ou
        in: dans en sur devant
        -: un une des le la les l de du d au aux à son sa ses qui est a très elle il
    """,
    "es": """
        man: hombre hombres señor tipo padre hermano presentador
        woman: mujer mujeres señora señorita madre hermana presentadora
        boy: chico muchacho niño
        girl: chica muchacha niña
        person: persona
        old man: anciano abuelo viejito
        old woman: anciana abuela viejita
        young: joven jóvenes
        old: viejo vieja viejos mayor
        adult: adulto adulta maduro madura
        beard: barba
        bearded: barbudo*
        stubble: barba_de_tres_días
        moustache: bigote bigotes bigotudo
        goatee: perilla barbilla_de_chivo
        clean-shaven: afeitado afeitada lampiño
        glasses: gafas lentes anteojos espejuelos
        bald: calvo calva calvos
        hair: pelo cabello cabellos
        eye: ojo ojos
        skin: piel tez
        long: largo larga largos largas
        short: corto corta cortos cortas
        straight: liso lisa lacio lacia
        curly: rizado rizada rizos rizo crespo
        wavy: ondulado ondulada
        black: negro negra negros negras
        white: blanco blanca blancos blancas
        grey: gris grises canoso canosa canas
        red: rojo roja rojos rojas
        redhead: pelirrojo pelirroja
        blonde: rubio rubia rubios
        brown: castaño castaña marrón marrones café
        brunette: moreno morena
        dark: oscuro oscura oscuros
        light: claro clara claros
        blue: azul azules
        green: verde verdes
        pink: rosa rosado rosada
        purple: morado morada violeta
        yellow: amarillo amarilla
        orange: naranja
        turquoise: turquesa
        beige: beige
        ponytail: coleta cola_de_caballo
        bun: moño
        afro: afro
        hijab: hiyab velo pañuelo hijab
        freckle: pecas pecoso pecosa
        earring: pendientes aretes zarcillos pendiente
        suit: traje
        tie: corbata
        blazer: chaqueta americana saco blazer
        shirt: camisa
        t-shirt: camiseta playera
        hoodie: sudadera
        sweater: jersey suéter
        turtleneck: cuello_alto
        blouse: blusa
        dress: vestido
        background: fondo
        wall: pared
        studio: estudio
        office: oficina despacho biblioteca
        home: salón sala cocina casa habitación
        garden: jardín parque bosque playa naturaleza
        night: noche
        city: ciudad
        african: africano africana
        asian: asiático asiática
        indian: indio india hindú
        without: sin
        no: no ni ningún ninguna
        with: con lleva llevando
        and: y e
        or: o u
        in: en sobre
        -: un una unos unas el la los las de del al a su sus que es tiene muy
    """,
    "it": """
        man: uomo uomini signore tipo padre fratello presentatore
        woman: donna donne signora signorina madre sorella presentatrice
        boy: ragazzo bambino
        girl: ragazza bambina
        person: persona
        old man: anziano nonno vecchietto
        old woman: anziana nonna vecchietta
        young: giovane giovani
        old: vecchio vecchia vecchi
        adult: adulto adulta
        beard: barba
        bearded: barbuto barbuta
        stubble: barba_incolta
        moustache: baffi baffo baffuto
        goatee: pizzetto
        clean-shaven: sbarbato rasato glabro
        glasses: occhiali occhialuto
        bald: calvo calva pelato
        balding: stempiato
        hair: capelli capello
        eye: occhio occhi
        skin: pelle carnagione
        long: lungo lunga lunghi lunghe
        short: corto corta corti corte
        straight: lisci liscio lisce
        curly: riccio ricci riccia ricce riccioli
        wavy: mossi ondulati ondulato
        black: nero nera neri nere
        white: bianco bianca bianchi bianche
        grey: grigio grigia grigi grigie
        red: rosso rossa
        redhead: rossi rosse
        blonde: biondo bionda biondi bionde
        brown: castano castana castani castane marrone marroni
        brunette: bruno bruna mora moro
        dark: scuro scura scuri scure
        light: chiaro chiara chiari chiare
        blue: blu azzurro azzurra azzurri azzurre celeste
        green: verde verdi
        pink: rosa
        purple: viola
        yellow: giallo gialla
        orange: arancione
        turquoise: turchese
        beige: beige
        ponytail: coda coda_di_cavallo
        bun: chignon crocchia
        hijab: hijab velo foulard
        freckle: lentiggini lentigginoso lentigginosa
        earring: orecchini orecchino
        suit: completo abito_maschile
        tie: cravatta
        blazer: giacca blazer
        shirt: camicia
        t-shirt: maglietta t-shirt
        hoodie: felpa
        sweater: maglione pullover
        turtleneck: dolcevita
        blouse: camicetta
        dress: vestito
        background: sfondo
        wall: parete muro
        studio: studio
        office: ufficio biblioteca
        home: salotto soggiorno cucina casa
        garden: giardino parco bosco foresta spiaggia natura
        night: notte sera
        city: città
        african: africano africana
        asian: asiatico asiatica
        indian: indiano indiana
        without: senza
        no: non né nessun nessuna
        with: con indossa
        and: e ed
        or: o
        in: in su davanti
        -: un uno una il lo la i gli le l dei degli delle dal dai dalla di del della al alla a suo sua che è ha molto
    """,
    "pt": """
        man: homem homens senhor cara pai irmão apresentador
        woman: mulher mulheres senhora moça mãe irmã apresentadora
        boy: menino rapaz garoto
        girl: menina rapariga garota
        person: pessoa
        old man: idoso avô velhinho vovô
        old woman: idosa avó velhinha vovó
        young: jovem jovens
        old: velho velha velhos
        adult: adulto adulta
        beard: barba
        bearded: barbudo barbuda
        stubble: barba_por_fazer
        moustache: bigode
        goatee: cavanhaque pera
        clean-shaven: barbeado
        glasses: óculos oculos
        bald: careca calvo calva
        hair: cabelo cabelos
        eye: olho olhos
        skin: pele
        long: longo longa longos longas comprido compridos
        short: curto curta curtos curtas
        straight: liso lisos lisa
        curly: cacheado cacheados encaracolado encaracolados crespo crespos cachos
        wavy: ondulado ondulados
        black: preto preta pretos negro negra negros
        white: branco branca brancos
        grey: cinza grisalho grisalhos grisalha cinzento
        red: vermelho vermelha vermelhos
        redhead: ruivo ruiva ruivos
        blonde: loiro loira loiros louro loura
        brown: castanho castanha castanhos marrom
        brunette: moreno morena
        dark: escuro escura escuros
        light: claro clara claros
        blue: azul azuis
        green: verde verdes
        pink: rosa
        purple: roxo roxa violeta
        yellow: amarelo amarela
        orange: laranja
        ponytail: rabo_de_cavalo
        bun: coque
        hijab: hijab véu lenço
        freckle: sardas sardento sardenta
        earring: brincos brinco
        suit: terno fato
        tie: gravata
        blazer: blazer casaco paletó jaqueta
        shirt: camisa
        t-shirt: camiseta t-shirt
        hoodie: moletom
        sweater: suéter camisola
        turtleneck: gola_alta
        blouse: blusa
        dress: vestido
        background: fundo
        wall: parede
        studio: estúdio
        office: escritório biblioteca
        home: sala cozinha casa
        garden: jardim parque floresta praia natureza
        night: noite
        city: cidade
        african: africano africana
        asian: asiático asiática
        indian: indiano indiana
        without: sem
        no: não nem nenhum nenhuma
        with: com usando
        and: e
        or: ou
        in: em no na
        -: um uma uns umas o a os as de do da dos das ao seu sua que é tem muito
    """,
    "pl": """
        man: mężczyzna mężczyzny mężczyznę mężczyzną pan pana facet ojciec brat
        woman: kobieta kobiety kobietę kobietą pani panią matka siostra
        boy: chłopiec chłopak chłopca
        girl: dziewczyna dziewczynę dziewczynka dziewczynkę
        person: osoba osobę człowiek
        old man: dziadek staruszek starzec
        old woman: babcia babcię staruszka
        young: młody młoda młodego młodą młode
        old: stary stara starego starą starszy starsza starszego starszą
        beard: broda brodą brodę brody zarost zarostem
        bearded: brodaty brodatego brodaczem brodacz
        moustache: wąsy wąsami wąsem wąs
        clean-shaven: ogolony ogolonego
        glasses: okulary okularami okularach okularów
        bald: łysy łysego łysa
        hair: włosy włosami włosach włosów
        eye: oczy oczami oczach oczu
        skin: skóra skórą skórze
        long: długie długimi długich
        short: krótkie krótkimi krótkich
        curly: kręcone kręconymi kręconych loki lokami
        straight: proste prostymi prostych
        black: czarny czarna czarne czarnymi czarnych czarnego czarną czarnym
        white: biały biała białe białymi białego białą białym
        grey: siwy siwe siwymi siwych siwa szary szare szarą szarym
        red: czerwony czerwona czerwone czerwoną czerwonym rude rudymi rudy ruda
        blonde: blond blondyn blondyna
        woman blonde: blondynka blondynkę
        brown: brązowy brązowe brązowymi brązową brązowym
        dark: ciemne ciemnymi ciemna ciemną ciemnych
        light: jasne jasnymi jasna jasną jasnych
        blue: niebieski niebieskie niebieskimi niebieską niebieskim niebieskich
        green: zielony zielone zielonymi zieloną zielonym zielonych
        hijab: hidżab hidżabie chusta chustą
        suit: garnitur garniturze garniturem
        tie: krawat krawatem krawacie
        shirt: koszula koszulę koszuli koszulą
        sweater: sweter swetrze swetrem
        dress: sukienka sukience sukienkę
        background: tło tle tłem
        office: biuro biurze
        without: bez
        no: nie ani
        with: z ze
        and: i oraz
        or: lub albo
        in: w we na nosi
        -: jest ma się o do od bardzo
    """,
    "cs": """
        man: muž muže mužem pán chlap otec bratr
        woman: žena ženu ženou paní dáma matka sestra
        boy: chlapec kluk
        girl: dívka dívku holka
        person: osoba osobu člověk
        old man: děda dědeček stařec
        old woman: babička stařena
        young: mladý mladá mladou mladého mladé
        old: starý stará starou starého starší
        beard: vousy vousem vous plnovous plnovousem bradka
        bearded: vousatý vousatého
        moustache: knír knírem knírek
        clean-shaven: oholený oholeného
        glasses: brýle brýlemi brýlích brýlí
        bald: plešatý holohlavý
        hair: vlasy vlasů vlasech vlas
        eye: oči očima očí
        skin: kůže pleť pletí kůží
        long: dlouhé dlouhými dlouhých
        short: krátké krátkými krátkých
        curly: kudrnaté kudrnatými kudrnatý
        straight: rovné rovnými
        black: černý černá černé černými černou černém
        white: bílý bílá bílé bílými bílou bílém
        grey: šedý šedé šedými šedá šedivé šedivými
        red: červený červená červené červenou zrzavé zrzavými zrzavý zrzavá
        blonde: blond blonďák blonďatý
        woman blonde: blondýna blondýnka
        brown: hnědý hnědé hnědými hnědá hnědou
        dark: tmavé tmavými tmavá tmavou tmavý
        light: světlé světlými světlá světlou světlý
        blue: modrý modré modrýma modrými modrá modrou
        green: zelený zelené zelenýma zelenými zelená zelenou
        hijab: hidžáb hidžábu šátek šátkem
        suit: oblek obleku
        tie: kravata kravatou kravatu
        shirt: košile košili
        sweater: svetr svetru
        dress: šaty šatech
        background: pozadí
        office: kancelář kanceláři
        without: bez
        no: ne ani není nemá
        with: s se
        and: a
        or: nebo
        in: v ve na nosí
        -: je má si o do od velmi
    """,
    "hu": """
        man: férfi úr pasas apa férj
        woman: nő hölgy asszony anya feleség
        boy: fiú
        girl: lány
        person: személy ember
        old man: nagypapa öregember
        old woman: nagymama öregasszony
        young: fiatal
        old: öreg idős
        beard: szakáll szakállal
        bearded: szakállas
        moustache: bajusz bajusszal bajuszos
        clean-shaven: borotvált
        beardless: szakálltalan
        glasses: szemüveg szemüveggel szemüveges szemüvegben
        bald: kopasz
        hair: haj hajjal haja hajat
        haired: hajú
        eye: szem szemmel szeme
        eyed: szemű
        skin: bőr bőrrel
        skinned: bőrű
        long: hosszú
        short: rövid
        curly: göndör
        straight: egyenes
        black: fekete
        white: fehér
        grey: ősz szürke
        red: piros vörös
        blonde: szőke
        brown: barna
        dark: sötét
        light: világos
        blue: kék
        green: zöld
        hijab: hidzsáb kendő kendővel
        suit: öltöny öltönyben
        tie: nyakkendő nyakkendővel nyakkendőben
        shirt: ing ingben
        sweater: pulóver pulóverben
        dress: ruha ruhában
        background: háttér háttérrel
        office: iroda irodában
        without: nélkül
        no: nem nincs
        and: és
        or: vagy
        -: egy az a van aki
    """,
    "ro": """
        man: bărbat bărbatul domn domnul tip tată frate
        woman: femeie femeia doamnă doamna mamă soră
        boy: băiat băiatul
        girl: fată fata
        person: persoană om
        old man: bunic bunicul bătrân
        old woman: bunică bunica bătrână
        young: tânăr tânără
        old: în_vârstă vârstnic vârstnică bătrână bătrânul
        beard: barbă barba
        bearded: bărbos
        moustache: mustață mustața
        clean-shaven: bărbierit
        glasses: ochelari ochelarii
        bald: chel pleșuv
        hair: păr părul
        eye: ochi ochii
        skin: piele pielea
        long: lung lungă
        short: scurt scurtă
        curly: creț cârlionțat
        straight: drept
        black: negru neagră negri
        white: alb albă
        grey: gri cărunt
        red: roșu roșie roșcat roșcată
        blonde: blond blondă
        brown: maro brunet șaten căprui
        brunette: brunetă șatenă
        dark: închis închisă
        light: deschis deschisă
        blue: albastru albastră albaștri
        green: verde verzi
        hijab: hijab batic
        suit: costum
        tie: cravată
        shirt: cămașă
        sweater: pulover
        dress: rochie
        background: fundal
        office: birou
        without: fără
        no: nu nici
        with: cu
        and: și
        or: sau
        in: în pe poartă
        -: un o este are de la cel cea
    """,
    "tr": """
        man: adam erkek bey amca baba
        woman: kadın hanım bayan teyze anne
        boy: oğlan
        girl: kız
        person: kişi insan
        old man: dede
        old woman: nine
        young: genç
        old: yaşlı ihtiyar
        beard: sakal sakalı
        bearded: sakallı
        beardless: sakalsız
        moustache: bıyık bıyıklı
        clean-shaven: tıraşlı
        glasses: gözlük gözlüklü gözlüğü
        without glasses: gözlüksüz
        bald: kel dazlak
        hair: saç saçı saçları
        haired: saçlı
        eye: göz gözü gözleri
        eyed: gözlü
        skin: ten cilt
        skinned: tenli
        long: uzun
        short: kısa
        curly: kıvırcık
        straight: düz
        black: siyah kara
        white: beyaz ak
        grey: gri kır
        red: kırmızı kızıl
        blonde: sarı sarışın
        brown: kahverengi
        brunette: esmer
        dark: koyu
        light: açık
        blue: mavi
        green: yeşil
        hijab: başörtüsü başörtülü türban
        suit: takım_elbise takım_elbiseli
        tie: kravat kravatlı
        shirt: gömlek gömlekli
        sweater: kazak kazaklı
        dress: elbise elbiseli
        background: arka_plan fon
        office: ofis ofiste
        no: yok değil
        and: ve
        or: veya
        with: ile
        -: bir olan
    """,
    "sv": """
        man: man mannen herre kille pappa bror
        woman: kvinna kvinnan dam tjej mamma syster
        boy: pojke
        girl: flicka
        person: person människa
        old man: farfar morfar gubbe
        old woman: farmor mormor gumma
        young: ung unga
        old: gammal gamla äldre
        beard: skägg skägget helskägg
        bearded: skäggig
        moustache: mustasch
        clean-shaven: slätrakad
        glasses: glasögon solglasögon
        bald: skallig flintskallig
        hair: hår håret
        haired: hårig
        eye: öga ögon
        skin: hud hy
        long: lång långt långa
        short: kort korta
        curly: lockigt lockig lockar
        straight: rakt raka
        black: svart svarta
        white: vit vitt vita
        grey: grå grått gråa
        red: röd rött röda
        blonde: blond blont blonda
        woman blonde: blondin
        brown: brun brunt bruna
        dark: mörk mörkt mörka
        light: ljus ljust ljusa
        blue: blå blått blåa
        green: grön grönt gröna
        hijab: hijab slöja sjal
        suit: kostym
        tie: slips
        shirt: skjorta
        sweater: tröja
        dress: klänning
        background: bakgrund
        office: kontor
        without: utan
        no: inte ingen inget inga
        with: med
        and: och
        or: eller
        in: i på bär
        -: en ett är har som
    """,
    "nb": """
        man: mann mannen mand herre fyr pappa bror
        woman: kvinne kvinnen kvinna kvinde dame jente mamma søster
        boy: gutt dreng
        girl: pige
        person: person menneske
        old man: bestefar
        old woman: bestemor
        young: ung unge
        old: gammel gamle eldre ældre
        beard: skjegg skæg fullskjegg
        bearded: skjeggete skægget
        moustache: bart overskæg
        clean-shaven: glattbarbert glatbarberet
        glasses: briller solbriller
        bald: skallet
        hair: hår håret
        haired: håret
        eye: øye øyne øjne
        skin: hud
        long: langt lang lange
        short: kort korte
        curly: krøllete krøllet krøller
        straight: rett glatt
        black: svart svarte sort sorte
        white: hvit hvitt hvite hvid hvidt hvide
        grey: grå grått
        red: rød rødt røde
        blonde: blond blondt blonde
        woman blonde: blondine
        brown: brun brunt brune
        dark: mørk mørkt mørke
        light: lys lyst lyse
        blue: blå blått blåt
        green: grønn grønt grønne grøn
        hijab: hijab slør
        suit: dress jakkesæt
        tie: slips
        shirt: skjorte
        sweater: genser trøje
        dress: kjole
        background: bakgrunn baggrund
        office: kontor
        without: uten uden
        no: ikke ingen
        with: med
        and: og
        or: eller
        in: i på bærer
        -: en et ei er har som
    """,
    "fi": """
        man: mies herra isä veli
        woman: nainen rouva äiti sisko
        boy: poika
        girl: tyttö
        person: henkilö ihminen
        old man: isoisä ukki vaari
        old woman: isoäiti mummo
        young: nuori
        old: vanha iäkäs
        beard: parta partaa parralla
        bearded: partainen parrakas
        beardless: parraton
        moustache: viikset viiksiä viiksillä
        bearded moustache: viiksekäs
        clean-shaven: sileäksi_ajeltu ajeltu
        glasses: silmälasit silmälasit_päässä lasit silmälaseja
        man glasses: silmälasipäinen
        bald: kalju
        hair: hiukset tukka
        haired: hiuksinen tukkainen
        eye: silmä silmät
        eyed: silmäinen
        skin: iho
        skinned: ihoinen
        long: pitkä pitkät
        short: lyhyt lyhyet
        curly: kihara kiharat
        straight: suora suorat
        black: musta mustat
        white: valkoinen valkoiset
        grey: harmaa harmaat
        red: punainen punaiset
        blonde: vaalea vaaleat
        woman blonde: blondi
        brown: ruskea ruskeat
        dark: tumma tummat
        blue: sininen siniset
        green: vihreä vihreät
        hijab: huivi huivissa hijab
        suit: puku puvussa
        tie: kravatti solmio
        shirt: paita paidassa
        sweater: villapaita neule
        dress: mekko mekossa
        background: tausta
        office: toimisto
        without: ilman
        no: ei eikä
        and: ja
        or: tai
        -: on jolla
    """,
    "vi": """
        man: đàn_ông người_đàn_ông ông chú bố
        woman: phụ_nữ người_phụ_nữ bà cô mẹ
        boy: cậu_bé con_trai
        girl: cô_gái cô_bé
        person: người
        old man: ông_lão ông_già
        old woman: bà_lão bà_già
        young: trẻ
        old: già lớn_tuổi cao_tuổi
        beard: râu râu_quai_nón
        moustache: ria ria_mép
        glasses: kính mắt_kính đeo_kính
        bald: hói đầu_hói trọc
        hair: tóc
        eye: mắt
        skin: da
        long: dài
        short: ngắn
        curly: xoăn
        straight: thẳng
        black: đen
        white: trắng
        grey: xám bạc
        red: đỏ
        blonde: vàng
        brown: nâu
        dark: tối
        light: sáng
        blue: xanh xanh_dương
        green: xanh_lá
        hijab: khăn_trùm_đầu
        suit: com_lê vest bộ_vest
        tie: cà_vạt
        shirt: áo_sơ_mi sơ_mi
        sweater: áo_len
        dress: váy đầm
        background: nền
        office: văn_phòng
        no: không
        with: với có
        and: và
        or: hoặc
        in: mặc đeo
        -: một là màu để
    """,
    "id": """
        man: pria laki-laki lelaki bapak ayah
        woman: wanita perempuan ibu
        boy: anak_laki-laki
        girl: gadis anak_perempuan
        person: orang seseorang
        old man: kakek
        old woman: nenek
        young: muda
        old: tua lanjut_usia
        beard: janggut jenggot berjanggut berjenggot
        moustache: kumis berkumis
        glasses: kacamata berkacamata
        bald: botak
        hair: rambut
        haired: berambut
        eye: mata
        eyed: bermata
        skin: kulit
        skinned: berkulit
        long: panjang
        short: pendek
        curly: keriting
        straight: lurus
        black: hitam
        white: putih
        grey: abu-abu kelabu uban
        red: merah
        blonde: pirang
        brown: coklat cokelat
        dark: gelap
        light: terang
        blue: biru
        green: hijau
        hijab: jilbab hijab kerudung berhijab berjilbab
        suit: jas setelan
        tie: dasi
        shirt: kemeja
        sweater: sweter
        dress: gaun
        background: latar_belakang
        office: kantor
        without: tanpa
        no: tidak bukan
        with: dengan
        and: dan
        or: atau
        in: di memakai mengenakan
        -: seorang yang ini itu adalah
    """,
    "ru": """
        man: мужчин* мужик* парень парня парнем господин* отец муж ведущий
        woman: женщин* дама даму девушк* мать жена ведущая
        boy: мальчик*
        girl: девочк*
        person: человек* персона
        old man: старик* дедушк* дед
        old woman: старух* старушк* бабушк*
        young: молод* юн*
        old: стар* пожил* седовлас*
        adult: взросл*
        beard: бород*
        bearded: бородат* бородач*
        stubble: щетин* небрит*
        moustache: ус усы усами усов усат*
        goatee: эспаньолк* козлин*
        clean-shaven: бритый бритая бритым гладковыбрит* безбород*
        glasses: очки очками очках очков очкар*
        bald: лыс*
        hair: волос*
        haired: волосый волосая волосой
        eye: глаз*
        skin: кож*
        long: длинн*
        short: коротк*
        straight: прям*
        curly: кудр* кудряв* курчав*
        wavy: волнист*
        black: чёрн* черн*
        white: бел*
        grey: серый серая серые серым серой серыми сером седой седая седыми седым седые седина
        red: красн*
        redhead: рыж*
        blonde: блондин* светловолос* белокур*
        brown: коричнев* карий карие карими каштанов*
        brunette: брюнет* шатен*
        dark-haired: темноволос* черноволос*
        dark: тёмн* темн* смугл*
        light: светл*
        blue: синий синие синими синих синяя синем синего голуб*
        green: зелён* зелен*
        pink: розов*
        purple: фиолетов* лилов*
        yellow: жёлт* желт*
        orange: оранжев*
        ponytail: хвост*
        bun: пучок пучком
        hijab: хиджаб* платк* платок
        freckle: веснуш*
        earring: серьг* серёж* сереж*
        suit: костюм*
        tie: галстук*
        blazer: пиджак* жакет* куртк*
        shirt: рубашк*
        t-shirt: футболк*
        hoodie: худи толстовк*
        sweater: свитер* джемпер* пуловер*
        turtleneck: водолазк*
        blouse: блузк*
        dress: плать*
        background: фон фоне фоном
        wall: стен*
        studio: студи*
        office: офис* кабинет* библиотек*
        home: дом дома кухн* комнат* гостин*
        garden: сад саду парк* лес лесу пляж* природ*
        night: ночь ночью ночной вечер*
        city: город*
        african: африкан*
        asian: азиат*
        indian: индийск* индус*
        without: без
        no: не нет ни
        with: с со
        and: и
        or: или
        in: в во на у
        -: его её ее он она очень
    """,
    "uk": """
        man: чоловік* хлопець пан батько
        woman: жінк* пані дівчин* мати
        boy: хлопчик*
        girl: дівчинк*
        person: людин* особа
        old man: дідусь дід старий_чоловік
        old woman: бабус* стара_жінка
        young: молод* юн*
        old: стар* літн*
        beard: бород*
        bearded: бородат*
        stubble: щетин*
        moustache: вус* вусат*
        glasses: окуляр*
        bald: лисий лиса лисим
        hair: волосс*
        eye: очі очима око
        skin: шкір*
        long: довг*
        short: коротк*
        curly: кучеряв*
        black: чорн*
        white: біл*
        grey: сір* сив*
        red: червон*
        redhead: руд*
        blonde: білявк* біляв* блондин* світловолос*
        brown: коричнев* карі каштанов*
        dark: темн*
        blue: син* блакитн*
        green: зелен*
        pink: рожев*
        yellow: жовт*
        suit: костюм*
        tie: краватк*
        blazer: піджак*
        shirt: сорочк*
        t-shirt: футболк*
        sweater: светр*
        dress: сукн*
        hijab: хустк* хіджаб*
        background: тло тлі фон фоні
        office: офіс*
        home: кухн* кімнат*
        garden: сад* парк* ліс*
        night: ніч вночі
        city: міст*
        without: без
        no: не немає
        with: з із зі
        and: і й та
        or: або
        in: в у на
        -: його її дуже
    """,
    "zh": """
        man: 男人 男子 男性 男士 男的 先生 男 小伙子 帅哥 大叔 父亲 爸爸
        woman: 女人 女子 女性 女士 女的 女 小姐 美女 阿姨 母亲 妈妈
        boy: 男孩 男孩子 男生 少年
        girl: 女孩 女孩子 女生 少女 姑娘
        person: 人
        old: 老人 老 老年 年老 年长 老年人 老的 上了年纪
        old man: 老爷爷 爷爷 老头 老先生 老汉 老翁 老伯
        old woman: 老奶奶 奶奶 老太太 老妇 老妇人 老婆婆 外婆
        young: 年轻 年轻人 青年 年轻的
        adult: 中年 成年 中年人
        beard: 胡子 胡须 大胡子 络腮胡 络腮胡子 长胡子 白胡子
        stubble: 胡茬 胡渣
        moustache: 小胡子 八字胡
        goatee: 山羊胡
        clean-shaven: 刮干净胡子
        glasses: 眼镜 墨镜 太阳镜 近视镜
        bald: 光头 秃头 秃顶 秃
        hair: 头发 发
        long hair: 长发 长头发
        short hair: 短发 短头发
        curly hair: 卷发 卷头发
        straight hair: 直发
        black hair: 黑发 黑头发
        white hair: 白发 白头发 银发
        grey hair: 灰发 花白
        red hair: 红发 红头发
        blonde hair: 金发 金头发
        brown hair: 棕发 棕色头发
        eye: 眼睛 眼
        skin: 皮肤 肤色 肤
        long: 长 长长的
        short: 短
        curly: 卷 卷曲
        black: 黑 黑色
        white: 白 白色
        grey: 灰 灰色
        red: 红 红色
        blonde: 金 金色
        brown: 棕 棕色 褐色 咖啡色
        dark: 深 深色
        light: 浅 浅色
        blue: 蓝 蓝色
        green: 绿 绿色
        pink: 粉 粉色 粉红 粉红色
        purple: 紫 紫色
        yellow: 黄 黄色
        orange: 橙 橙色 橘色
        ponytail: 马尾 马尾辫
        bun: 发髻 丸子头
        hijab: 头巾 头纱
        freckle: 雀斑
        earring: 耳环 耳钉
        suit: 西装 西服
        tie: 领带
        blazer: 外套 夹克
        shirt: 衬衫 衬衣
        t-shirt: t恤
        hoodie: 卫衣 帽衫
        sweater: 毛衣 针织衫
        turtleneck: 高领 高领毛衣
        blouse: 女式衬衫
        dress: 裙子 连衣裙
        background: 背景
        wall: 墙 墙壁
        studio: 演播室 摄影棚 工作室
        office: 办公室 书房 图书馆 书架
        home: 家 客厅 厨房 房间 家里
        garden: 花园 公园 森林 海滩 大自然
        night: 夜晚 晚上 夜
        city: 城市
        african: 非洲
        asian: 亚洲 亚裔
        indian: 印度
        without: 没有 没 不戴 没戴 无 不带 未戴
        no: 不 别
        and: 和 与 及
        or: 或 或者
        in: 在
        -: 的 一 一个 一位 一名 个 位 名 戴 戴着 穿 穿着 留 留着 有 着 是 很 地 得 了 他 她 里 前 中 带 带着 上 子
    """,
    "ja": """
        man: 男性 男の人 男 おじさん 紳士 父
        woman: 女性 女の人 女 おばさん 淑女 母
        boy: 男の子 少年
        girl: 女の子 少女
        person: 人
        old: 老人 年配 高齢 老いた 年老いた お年寄り
        old man: おじいさん 祖父 お爺さん 老紳士
        old woman: おばあさん 祖母 お婆さん 老婦人
        young: 若い 若者 若く 若き
        adult: 中年 大人
        beard: ひげ ヒゲ 髭 あごひげ 顎鬚 髯
        stubble: 無精ひげ 無精髭
        moustache: 口ひげ 口髭
        glasses: 眼鏡 メガネ めがね サングラス
        bald: はげ ハゲ 禿げ スキンヘッド 坊主
        hair: 髪 髪の毛 ヘア
        black hair: 黒髪
        blonde hair: 金髪 ブロンド
        white hair: 白髪
        brown hair: 茶髪
        red hair: 赤毛 赤髪
        long hair: 長髪 ロングヘア
        short hair: 短髪 ショートヘア
        eye: 目 瞳
        skin: 肌
        long: 長い
        short: 短い
        curly: 巻き毛 カール 縮れ毛
        black: 黒い 黒 黒の
        white: 白い 白
        grey: 灰色 グレー
        red: 赤い 赤
        brown: 茶色い 茶色 茶
        blue: 青い 青
        green: 緑 緑の
        pink: ピンク
        purple: 紫
        yellow: 黄色い 黄色
        ponytail: ポニーテール
        hijab: ヒジャブ スカーフ
        freckle: そばかす
        earring: イヤリング ピアス
        suit: スーツ 背広
        tie: ネクタイ
        blazer: ジャケット 上着
        shirt: シャツ ワイシャツ
        t-shirt: tシャツ
        hoodie: パーカー
        sweater: セーター
        turtleneck: タートルネック
        blouse: ブラウス
        dress: ドレス ワンピース
        background: 背景
        wall: 壁
        studio: スタジオ
        office: オフィス 事務所 書斎 図書館
        home: 家 リビング 台所 部屋
        garden: 庭 公園 森 海辺 自然
        night: 夜
        city: 街 都会
        no: なし ない なく ません 無し 無い
        and: と
        in: で
        -: の を に は が も へ や かけた かけて いる した して 着た 着て 生やした 生やして い た て な る し け か
    """,
    "ko": """
        man: 남자* 남성* 아저씨* 신사* 아버지*
        woman: 여자* 여성* 여인* 아줌마* 아가씨* 숙녀* 어머니*
        boy: 소년* 남자아이*
        girl: 소녀* 여자아이*
        person: 사람*
        old: 노인* 늙은 나이 나이든 나이_든 연로한
        old man: 할아버지*
        old woman: 할머니*
        young: 젊은* 청년* 어린
        adult: 중년* 성인*
        beard: 수염* 턱수염*
        moustache: 콧수염*
        glasses: 안경* 선글라스*
        bald: 대머리* 민머리*
        hair: 머리* 머리카락* 머리칼*
        blonde hair: 금발*
        white hair: 백발*
        black hair: 흑발*
        eye: 눈 눈을 눈의 눈동자*
        skin: 피부*
        long: 긴
        short: 짧은
        curly: 곱슬* 곱슬머리*
        black: 검은* 까만 검정*
        white: 하얀* 흰*
        grey: 회색*
        red: 빨간* 붉은*
        brown: 갈색*
        blue: 파란* 푸른*
        green: 초록* 녹색*
        pink: 분홍*
        purple: 보라*
        yellow: 노란*
        ponytail: 포니테일*
        hijab: 히잡*
        freckle: 주근깨*
        earring: 귀걸이*
        suit: 정장* 양복* 수트*
        tie: 넥타이*
        blazer: 재킷* 자켓*
        shirt: 셔츠* 와이셔츠*
        t-shirt: 티셔츠*
        hoodie: 후드티* 후드*
        sweater: 스웨터*
        blouse: 블라우스*
        dress: 드레스* 원피스*
        background: 배경*
        wall: 벽*
        studio: 스튜디오*
        office: 사무실* 도서관*
        home: 집* 거실* 부엌*
        garden: 정원* 공원* 숲* 해변*
        night: 밤 밤에 야경*
        city: 도시*
        no: 없는 없이 없다 않은 않는 안 없고
        and: 그리고
        -: 쓴 쓰고 쓰지 입은 입고 낀 끼고 있는 기른 한 그 매우 든
    """,
    "ar": """
        man: رجل رجلا رجال سيد والد أب
        woman: امرأة إمرأة سيدة نساء أم المرأة
        boy: ولد صبي فتى
        girl: فتاة بنت
        person: شخص
        old: مسن مسنة عجوز كبير_السن كبيرة_السن
        old man: شيخ جد
        old woman: جدة
        young: شاب شابة صغير_السن
        beard: لحية لحيته لحيه ذقن
        bearded: ملتح ملتحي
        moustache: شارب شنب
        glasses: نظارة نظارات نظاره نظارته نظارتها
        bald: أصلع اصلع صلعاء
        hair: شعر شعره شعرها
        eye: عين عينان عينين عيون
        skin: بشرة
        long: طويل طويلة
        short: قصير قصيرة
        curly: مجعد مجعدة
        black: أسود سوداء اسود
        white: أبيض بيضاء ابيض
        grey: رمادي رمادية
        red: أحمر حمراء احمر
        blonde: أشقر شقراء اشقر
        brown: بني بنية
        dark: داكن داكنة أسمر سمراء
        blue: أزرق زرقاء ازرق
        green: أخضر خضراء اخضر
        yellow: أصفر صفراء
        pink: وردي وردية
        hijab: حجاب محجبة
        earring: أقراط قرط
        suit: بدلة
        tie: ربطة_عنق
        blazer: سترة جاكيت
        shirt: قميص
        sweater: كنزة
        dress: فستان
        background: خلفية
        office: مكتب مكتبة
        home: منزل بيت مطبخ
        garden: حديقة شاطئ غابة
        night: ليل ليلا
        city: مدينة
        without: بدون بلا دون
        no: لا ليس غير
        with: مع ذو ذات يرتدي ترتدي يضع تضع
        in: في
        or: أو
        -: من هو هي له لها جدا
    """,
    "fa": """
        man: مرد آقا مردی
        woman: زن خانم زنی
        boy: پسر
        girl: دختر
        person: شخص نفر
        old: پیر مسن سالخورده پیری
        old man: پیرمرد پیرمردی پدربزرگ
        old woman: پیرزن پیرزنی مادربزرگ
        young: جوان جوانی
        beard: ریش ریشو
        moustache: سبیل
        glasses: عینک عینکی
        bald: کچل تاس طاس
        hair: مو موی موهای
        eye: چشم چشمان چشمهای
        long: بلند
        short: کوتاه
        curly: فر مجعد
        black: سیاه مشکی
        white: سفید
        grey: خاکستری
        red: قرمز سرخ
        blonde: بلوند بور طلایی
        brown: قهوهای قهوهای
        blue: آبی
        green: سبز
        hijab: حجاب روسری
        suit: کت_و_شلوار
        shirt: پیراهن
        background: پسزمینه زمینه
        without: بدون بی
        with: با
        and: و
        -: یک که دارد را
    """,
    "he": """
        man: גבר איש אדון
        woman: אישה אשה גברת
        boy: ילד נער
        girl: ילדה נערה בחורה
        person: אדם
        old: מבוגר מבוגרת קשיש קשישה זקנה
        old man: סבא ישיש זקן
        old woman: סבתא
        young: צעיר צעירה
        beard: עם_זקן בעל_זקן מזוקן
        without beard: בלי_זקן ללא_זקן
        moustache: שפם
        glasses: משקפיים משקפי ממושקף ממושקפת
        bald: קירח קרח
        hair: שיער שער
        eye: עיניים עין
        long: ארוך ארוכה
        short: קצר קצרה
        curly: מתולתל מתולתלת
        black: שחור שחורה
        white: לבן לבנה
        grey: אפור אפורה
        red: אדום אדומה
        redhead: ג'ינג'י ג'ינג'ית
        blonde: בלונדיני בלונדינית בלונד
        brown: חום חומה
        blue: כחול כחולה כחולות
        green: ירוק ירוקה ירוקות
        suit: חליפה
        shirt: חולצה
        background: רקע
        without: בלי ללא
        no: לא
        with: עם
        -: של הוא היא
    """,
    "hi": """
        man: आदमी पुरुष मर्द
        woman: औरत महिला स्त्री
        boy: लड़का लड़के
        girl: लड़की
        person: व्यक्ति
        old: बूढ़ा बूढ़ी बूढ़े बुज़ुर्ग बुजुर्ग वृद्ध
        old man: दादा दादाजी नाना
        old woman: दादी नानी बुढ़िया
        young: जवान युवा नौजवान युवती
        beard: दाढ़ी दाढी
        moustache: मूंछ मूँछ मूंछें मूँछें
        glasses: चश्मा चश्मे ऐनक
        bald: गंजा गंजे गंजी
        hair: बाल बालों
        eye: आँखें आंखें आँख आंख आँखों आंखों
        skin: त्वचा
        long: लंबे लम्बे लंबा
        short: छोटे छोटा
        curly: घुंघराले घुँघराले
        black: काला काले काली
        white: सफेद सफ़ेद
        grey: स्लेटी
        red: लाल
        blonde: सुनहरे सुनहरा
        brown: भूरे भूरा भूरी
        blue: नीला नीले नीली
        green: हरा हरे हरी
        pink: गुलाबी
        yellow: पीला पीले पीली
        hijab: हिजाब
        suit: सूट
        tie: टाई
        shirt: कमीज़ कमीज शर्ट
        sweater: स्वेटर
        dress: पोशाक
        background: पृष्ठभूमि
        office: दफ़्तर कार्यालय ऑफिस
        home: घर रसोई कमरा
        garden: बगीचा पार्क
        night: रात
        city: शहर
        no: बिना नहीं बग़ैर बगैर रहित
        and: और
        or: या
        -: एक के की का में साथ वाला वाली वाले पहने हुए हुआ है से पर
    """,
    "bn": """
        man: পুরুষ* লোক*
        woman: মহিলা* নারী*
        boy: ছেলে*
        girl: মেয়ে*
        old: বৃদ্ধ* বুড়ো
        old woman: বৃদ্ধা*
        young: তরুণ* যুবক*
        beard: দাড়ি* দাঁড়ি*
        moustache: গোঁফ*
        glasses: চশমা*
        bald: টাক* টেকো
        hair: চুল*
        long: লম্বা
        black: কালো
        red: লাল
        white: সাদা
        no: ছাড়া নেই বিহীন
        -: একজন একটি এক সহ পরা
    """,
    "pa": """
        man: ਆਦਮੀ ਮਰਦ ਬੰਦਾ
        woman: ਔਰਤ
        old: ਬੁੱਢਾ ਬਜ਼ੁਰਗ ਬੁੱਢੀ
        young: ਜਵਾਨ ਨੌਜਵਾਨ
        beard: ਦਾੜ੍ਹੀ
        moustache: ਮੁੱਛ ਮੁੱਛਾਂ
        glasses: ਐਨਕ ਐਨਕਾਂ ਚਸ਼ਮਾ
        bald: ਗੰਜਾ
        hair: ਵਾਲ ਵਾਲਾਂ
        no: ਬਿਨਾਂ ਨਹੀਂ
        -: ਇੱਕ ਦੇ ਦੀ ਦਾ ਨਾਲ ਵਾਲਾ ਵਾਲੀ
    """,
    "gu": """
        man: પુરુષ માણસ
        woman: સ્ત્રી મહિલા
        old: વૃદ્ધ ઘરડો ઘરડી
        young: યુવાન જુવાન
        beard: દાઢી*
        moustache: મૂછ*
        glasses: ચશ્મા* ચશ્માં*
        bald: ટાલ* બાલ્ડ
        hair: વાળ
        no: વગર વિના નથી
        -: એક સાથે ની ના નો વાળી
    """,
    "ta": """
        man: ஆண்* மனிதர்* மனிதன்*
        woman: பெண்*
        old: வயதான* முதிய* முதியவர்*
        old man: தாத்தா*
        old woman: பாட்டி*
        young: இளம்* இளைஞ*
        beard: தாடி*
        moustache: மீசை*
        glasses: கண்ணாடி*
        bald: வழுக்கை*
        hair: முடி*
        no: இல்லாத இல்லாமல்
        -: ஒரு
    """,
    "te": """
        man: పురుషు* మగ మనిషి*
        woman: స్త్రీ* మహిళ* ఆడ
        old: వృద్ధ* ముసలి*
        young: యువ*
        beard: గడ్డం*
        moustache: మీసం* మీసాలు*
        glasses: కళ్ళద్దా* కళ్లద్దా* అద్దాలు*
        bald: బట్టతల*
        hair: జుట్టు*
        no: లేని లేకుండా
        -: ఒక తో
    """,
    "kn": """
        man: ಪುರುಷ* ಮನುಷ್ಯ*
        woman: ಮಹಿಳೆ* ಹೆಂಗಸು*
        old: ವೃದ್ಧ* ಮುದುಕ*
        old woman: ಮುದುಕಿ* ವೃದ್ಧೆ*
        young: ಯುವ*
        beard: ಗಡ್ಡ*
        moustache: ಮೀಸೆ*
        glasses: ಕನ್ನಡಕ*
        bald: ಬೋಳು*
        hair: ಕೂದಲು*
        no: ಇಲ್ಲದ ಇಲ್ಲದೆ
        -: ಒಬ್ಬ ಒಂದು
    """,
    "ml": """
        man: പുരുഷ* മനുഷ്യ*
        woman: സ്ത്രീ* വനിത*
        old: വൃദ്ധ* പ്രായമായ
        young: യുവ* ചെറുപ്പ*
        beard: താടി*
        moustache: മീശ*
        glasses: കണ്ണട*
        bald: കഷണ്ടി*
        hair: മുടി*
        no: ഇല്ലാത്ത ഇല്ലാതെ
        -: ഒരു
    """,
    "si": """
        man: මිනිසා මිනිසෙක්* පිරිමි*
        woman: කාන්තාව* ගැහැණි* ස්ත්‍රිය*
        old: වයසක මහලු
        young: තරුණ*
        beard: රැවුල*
        moustache: උඩු_රැවුල
        glasses: කණ්ණාඩි*
        bald: තට්ටය* මුඩු
        hair: කොණ්ඩය*
        no: නැති නැතිව නැතුව
    """,
    "th": """
        man: ผู้ชาย ชาย คุณลุง
        woman: ผู้หญิง หญิง สตรี คุณป้า
        boy: เด็กชาย
        girl: เด็กหญิง
        person: คน
        old: แก่ ชรา สูงอายุ
        old man: คุณปู่ คุณตา ชายชรา
        old woman: คุณย่า คุณยาย หญิงชรา
        young: หนุ่ม สาว หนุ่มสาว
        beard: เครา หนวดเครา
        moustache: หนวด
        glasses: แว่น แว่นตา
        bald: หัวล้าน ล้าน
        hair: ผม
        long: ยาว
        short: สั้น
        black: ดำ สีดำ
        red: แดง สีแดง
        white: ขาว สีขาว
        blonde: ทอง บลอนด์
        blue: น้ำเงิน สีน้ำเงิน ฟ้า สีฟ้า
        green: เขียว สีเขียว
        suit: สูท
        shirt: เสื้อเชิ้ต
        no: ไม่ ไม่มี ไม่ใส่ ไม่สวม
        with: มี ใส่ สวม
        -: ที่ และ หนึ่ง ใน
    """,
    "my": """
        man: အမျိုးသား ယောက်ျား
        woman: အမျိုးသမီး မိန်းမ
        old: အဘိုးအို သက်ကြီး
        young: လူငယ်
        beard: မုတ်ဆိတ်
        moustache: နှုတ်ခမ်းမွှေး
        glasses: မျက်မှန်
        bald: ထိပ်ပြောင်
        hair: ဆံပင်
        no: မပါ မရှိ မတပ်
        -: နှင့် တစ် ဦး တပ်ထား သော
    """,
    "el": """
        man: άντρας άνδρας άντρα άνδρα κύριος
        woman: γυναίκα κυρία
        boy: αγόρι
        girl: κορίτσι κοπέλα
        person: άτομο άνθρωπος
        old: ηλικιωμένος ηλικιωμένη γέρικ* μεγάλης_ηλικίας
        old man: γέρος γέροντας παππούς
        old woman: γριά γιαγιά
        young: νέος νέα νεαρός νεαρή
        beard: γένια μούσι γενειάδα
        bearded: γενειοφόρος
        moustache: μουστάκι
        glasses: γυαλιά
        bald: φαλακρός φαλακρή
        hair: μαλλιά μαλλί
        eye: μάτια μάτι
        long: μακριά μακρύ
        short: κοντά κοντό
        curly: σγουρά
        black: μαύρα μαύρο μαύρη μαύρος
        white: λευκ* άσπρ*
        grey: γκρι γκρίζα
        red: κόκκινα κόκκινο κόκκινη
        blonde: ξανθ*
        brown: καστανά καφέ
        blue: μπλε γαλάζι* γαλαν*
        green: πράσιν*
        suit: κοστούμι
        tie: γραβάτα
        shirt: πουκάμισο
        dress: φόρεμα
        background: φόντο
        without: χωρίς δίχως
        no: δεν όχι
        with: με φοράει
        and: και
        -: ένας μια μία ένα ο η το οι τα σε
    """,
    "ka": """
        man: კაცი კაც* მამაკაც*
        woman: ქალ*
        old: მოხუც* ხნიერ*
        young: ახალგაზრდა*
        beard: წვერ*
        bearded: წვერიან*
        moustache: ულვაშ*
        glasses: სათვალ*
        bald: მელოტ*
        hair: თმ*
        no: გარეშე
        -: ერთი
    """,
    "hy": """
        man: տղամարդ* մարդ*
        woman: կին* կնոջ*
        old: ծեր* տարեց*
        young: երիտասարդ*
        beard: մորուք* մորուս*
        moustache: բեղ*
        glasses: ակնոց*
        bald: ճաղատ*
        hair: մազ*
        no: առանց չունեցող
        -: մի
    """,
    "am": """
        man: ወንድ ሰው ሰውዬ
        woman: ሴት
        old: ሽማግሌ አዛውንት
        old woman: አሮጊት
        young: ወጣት
        beard: ጢም ጺም
        glasses: መነጽር መነፅር
        bald: ራሰ_በራ መላጣ
        hair: ፀጉር ጸጉር
        no: ያለ የሌለው
        -: አንድ
    """,
}
