# ruff: noqa: RUF001 (letters of other languages)
"""The words of stage directions, by language: data for stage_cues.py.

`actions` are what a person does, in the form in which a direction says it; `sounds` are what is heard, seen or edited
in; `with_them` may stand beside those in a direction, and make none alone. `subjects` before an action make a sentence
of it. In Chinese and Japanese, which space no words, the longest word counts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CueWords:
    """Words of stage directions in one language, in lower case."""

    actions: frozenset[str]
    sounds: frozenset[str]
    with_them: frozenset[str]
    pauses: frozenset[str]
    subjects: frozenset[str] = frozenset()


def _words(actions: str, sounds: str, with_them: str, pauses: str, subjects: str = "") -> CueWords:
    return CueWords(*(frozenset(words.split()) for words in (actions, sounds, with_them, pauses, subjects)))


CUE_WORDS: dict[str, CueWords] = {
    "en": _words(
        actions="""
            laughs chuckles giggles snickers snorts smiles grins smirks sighs gasps gulps groans moans grunts coughs
            sneezes sniffs sniffles sobs cries weeps whispers shouts screams yells mutters mumbles murmurs hums sings
            whistles yawns nods shrugs winks waves bows claps applauds frowns blinks stares glances gestures points
            leans winces shudders shivers inhales exhales breathes swallows stammers stutters hesitates pauses beams
            blushes facepalms cheers cackles scoffs tuts clears sips drinks stretches trembles sneers pouts sigh gasp
            gulp wink shrug ahem
        """,
        sounds="""
            laugh laughing laughter laughed chuckle chuckling giggle giggling smile smiling grin grinning sighing
            gasping groan groaning cough coughing sneeze sniff sniffing sob sobbing crying whisper whispering
            whispered shouting screaming yelling muttering mumbling humming singing whistling yawn yawning nod nodding
            shrugging winking waving clap clapping applause cheer cheering inhale exhale breath breathing swallowing
            stammering hesitating clearing music jingle song sfx fx sound sounds noise noises silence static footsteps
            chatter thunder ambience soundtrack voiceover vo b-roll broll camera cut zoom pan fade fades fading verse
            chorus bridge refrain montage intro outro hook cta scene transition caption subtitle title thumbnail
            graphic overlay onscreen clip footage closeup close-up inaudible crosstalk unintelligible foreign bleep
            beep beeps ding whoosh swoosh boom drumroll drum slams slamming knocks knocking rings ringing creaks
            creaking barks barking meows typing clicks clicking explosion gunshot siren sirens traffic sarcastic
            sarcastically deadpan aside offscreen off-screen off-camera
        """,
        with_them="""
            a an the his her their him them at to in on off up down out over away for around into from with and or of
            no more again still then head heads throat eyes hand hands nose lips arms shoulder shoulders brow camera
            audience crowd viewer viewers screen room deeply loudly softly quietly nervously slowly gently sadly
            happily heavily briefly awkwardly slightly knowingly warmly both all he she they everyone everybody
            speaker laughing upbeat soft loud gentle calm sad happy tense dramatic background ambient cheerful quiet
            nervous awkward evil deep big short long light heavy faint distant intro outro theme instrumental piano
            guitar electronic rock pop jazz classical lo-fi lofi playing plays starts stops continues swells ends
            begins stopping voice tone effect effects door bell phone breath back closer forward breaks breaking
        """,
        pauses="pause beat silence break wait pauses slnc",
        subjects="""
            he she it who that everybody everyone nobody somebody someone one which always never
        """,
    ),
    "de": _words(
        actions="""
            lacht kichert schmunzelt lächelt grinst seufzt stöhnt hustet niest schnieft schluchzt weint flüstert ruft
            schreit murmelt summt singt pfeift gähnt nickt zwinkert winkt klatscht applaudiert räuspert zögert atmet
            schluckt zuckt stottert jubelt
        """,
        sounds="""
            lachen lachend gelächter kichern lächeln lächelnd grinsen grinsend seufzen seufzend seufzer husten
            räuspern weinen weinend flüstern flüsternd flüstert rufend gähnen nicken zwinkern winken klatschen applaus
            beifall jubel musik hintergrundmusik titelmusik geräusch geräusche stille szene schnitt einblendung
            abspann vorspann intro outro kamera überblendung donner schritte stimmengewirr unverständlich ironisch
            sarkastisch
        """,
        with_them="""
            sich der die das den dem ein eine einen in im an am auf aus mit und zu zur zum tief laut leise kurz lang
            sanft nervös traurig fröhlich leicht wieder er sie es alle beide publikum kopf kamera hand hände schultern
            spielt beginnt endet setzt ein blendet dramatische fröhliche ruhige leise sanfte spannende hintergrund
        """,
        pauses="pause stille",
        subjects="er sie es wer man jeder niemand",
    ),
    "es": _words(
        actions="""
            ríe rie sonríe sonrie suspira tose estornuda llora solloza susurra grita murmura canta silba bosteza
            asiente guiña saluda aplaude carraspea duda respira jadea gime traga
        """,
        sounds="""
            risa risas riendo sonriendo sonrisa suspiro suspirando tos tosiendo llanto llorando susurrando susurro
            gritando cantando bostezo aplauso aplausos ovación música musica sonido sonidos ruido ruidos silencio
            escena corte cámara camara plano intro transición pasos trueno inaudible irónico sarcástico carcajada
            carcajadas
        """,
        with_them="""
            se el la los las un una su sus a al de del en con y fondo suave fuerte alegre triste dramática tranquila
            nervioso nerviosa profundamente suavemente nerviosamente público cabeza mano cámara ella él todos la
            garganta ojo empieza termina de animada
        """,
        pauses="pausa silencio",
        subjects="él ella quien que nadie todos",
    ),
    "fr": _words(
        actions="""
            rit sourit ricane soupire tousse éternue pleure sanglote chuchote crie murmure chante siffle bâille hoche
            salue applaudit hésite respire inspire expire gémit
        """,
        sounds="""
            rire rires riant sourire souriant soupir soupirs soupirant toux toussant pleurs pleurant chuchotant
            chuchotement criant chantant bâillement applaudissements musique son sons bruit bruits silence scène coupe
            caméra plan intro générique transition tonnerre inaudible ironique sarcastique
        """,
        with_them="""
            se le la les l un une son sa ses à au aux de du d en dans et avec fond douce doux forte fort joyeuse
            triste dramatique calme nerveusement profondément doucement public tête main caméra elle il tous racle
            gorge clin œil fait commence finit légère
        """,
        pauses="pause silence temps",
        subjects="il elle on qui personne",
    ),
    "it": _words(
        actions="""
            ride sorride ridacchia sospira tossisce starnutisce piange singhiozza sussurra grida mormora canta fischia
            sbadiglia annuisce saluta applaude esita respira ansima
        """,
        sounds="""
            risata risate risa ridendo sorridendo sorriso sospiro sospirando tosse tossendo pianto piangendo
            sussurrando gridando cantando sbadiglio applauso applausi musica suono suoni rumore rumori silenzio scena
            taglio camera telecamera sigla transizione tuono incomprensibile ironico sarcastico
        """,
        with_them="""
            si il lo la i gli le un una suo sua a al alla di del in con e sottofondo dolce forte allegra triste
            drammatica calma nervosamente profondamente piano pubblico testa mano lei lui tutti schiarisce gola voce
        """,
        pauses="pausa silenzio",
        subjects="lui lei che chi nessuno",
    ),
    "pt": _words(
        actions="""
            ri sorri suspira tosse espirra chora soluça sussurra grita murmura canta assobia boceja acena pisca
            aplaude pigarreia hesita respira
        """,
        sounds="""
            riso risos risada risadas rindo sorrindo sorriso suspiro suspirando tossindo choro chorando sussurrando
            sussurro gritando cantando bocejo aplauso aplausos palmas música musica som sons ruído ruídos barulho
            silêncio silencio cena corte câmera vinheta transição trovão inaudível irônico sarcástico gargalhada
            gargalhadas
        """,
        with_them="""
            se o a os as um uma seu sua ao à de do da em no na com e fundo suave forte alegre triste dramática calma
            nervosamente profundamente público cabeça mão câmera ela ele todos garganta limpa olho
        """,
        pauses="pausa silêncio",
        subjects="ele ela quem que ninguém",
    ),
    "nl": _words(
        actions="""
            lacht grinnikt glimlacht zucht hoest niest huilt snikt fluistert roept schreeuwt mompelt neuriet zingt
            fluit gaapt knikt knipoogt zwaait klapt applaudisseert aarzelt ademt kucht
        """,
        sounds="""
            lachen lachend gelach glimlach glimlachend zucht zuchtend hoesten huilen huilend fluisterend zingend
            applaus gejuich muziek achtergrondmuziek geluid geluiden stilte scène camera intro outro overgang donder
            onverstaanbaar ironisch sarcastisch
        """,
        with_them="""
            zich de het een zijn haar in op aan uit met en diep luid zacht kort lang nerveus droevig vrolijk hij zij
            allen publiek hoofd hand camera schraapt keel zachte vrolijke rustige
        """,
        pauses="pauze stilte",
        subjects="hij zij ze het wie niemand",
    ),
    "ru": _words(
        actions="""
            смеётся смеется хихикает улыбается ухмыляется вздыхает кашляет чихает плачет рыдает шепчет кричит бормочет
            поёт поет свистит зевает кивает подмигивает машет хлопает аплодирует мнётся дышит
        """,
        sounds="""
            смех смеясь улыбка улыбаясь вздох вздыхая кашель плач плача шёпотом шепотом шёпот крик пение аплодисменты
            овации музыка звук звуки шум тишина сцена монтаж камера заставка гром шаги неразборчиво иронично
        """,
        with_them="""
            в на с со и у к по тихо громко тихая громкая весёлая грустная спокойная фоновая нервно глубоко коротко он
            она все зал руки голова головой рукой играет начинается
        """,
        pauses="пауза тишина",
        subjects="он она кто никто",
    ),
    "zh": _words(
        actions="""
            笑 大笑 微笑 苦笑 偷笑 冷笑 傻笑 哈哈大笑 叹气 叹息 咳嗽 清嗓子 打喷嚏 哭 哭泣 抽泣 低声 小声 耳语 喊 尖叫
            嘀咕 哼 唱 唱歌 打哈欠 点头 摇头 眨眼 挥手 鼓掌 拍手 鞠躬 犹豫 深呼吸 停顿 耸肩 吹口哨
        """,
        sounds="""
            笑声 掌声 欢呼 欢呼声 音乐 背景音乐 配乐 音效 片头 片尾 画外音 旁白 镜头 转场 切换 字幕 特写 哭声 脚步声
            雷声 静音 听不清
        """,
        with_them="""
            地 着 了 声 轻 轻轻 轻声 轻快 轻快的 紧张 紧张的 尴尬 尴尬地 欢快 欢快的 温柔 悲伤 悲伤的 他 她 大家 观众
            长 短 的 深 又 一 起 响起 渐弱 渐强 开始 结束 播放 背景 柔和 柔和的 看向 对 向 切到
        """,
        pauses="停顿 暂停 停一下 沉默",
        subjects="他 她 谁 会 在",
    ),
    "ja": _words(
        actions="""
            笑う 微笑む 苦笑 ため息 咳 咳払い くしゃみ 泣く 囁く ささやく 叫ぶ 頷く うなずく 拍手 手を振る 深呼吸
            ウインク あくび 笑 泣 照れ
        """,
        sounds="""
            笑い 笑い声 微笑み 拍手 歓声 音楽 音 効果音 静寂 場面 カット カメラ 字幕 ナレーション 足音 雷鳴 小声
            小声で
        """,
        with_them="が を に で の と は 大きく 小さく 明るい 静かな 悲しい 悲しげに 流れる 全員 観客 一同 深い",
        pauses="間 沈黙 ポーズ 一時停止",
    ),
    "ko": _words(
        actions="""
            웃음 웃는다 웃으며 웃고 미소 미소를 한숨 한숨을 기침 기침을 재채기 운다 울며 속삭인다 속삭이며 속삭임
            외치며 박수 끄덕임 하품 윙크 손을 흔들며
        """,
        sounds="웃음소리 박수 박수소리 환호 환호성 음악 배경음악 효과음 소리 정적 장면 카메라 자막 내레이션",
        with_them="쉰다 쉬며 짓는다 지으며 크게 작게 조용히 밝은 잔잔한 슬픈 관객 모두 나온다 고개를 끄덕이며",
        pauses="일시정지 멈춤 쉼 침묵",
    ),
    "ar": _words(
        actions="""
            يضحك تضحك يبتسم تبتسم يتنهد تتنهد يسعل تسعل يعطس يبكي تبكي يهمس تهمس يصرخ تصرخ يغني تغني يتثاءب يومئ يصفق
        """,
        sounds="""
            ضحك ضحكة ضحكات ابتسامة تنهيدة سعال بكاء همس همسا صراخ تصفيق هتاف موسيقى صوت أصوات ضجيج صمت مشهد كاميرا
            مقدمة
        """,
        with_them="""
            في من إلى على مع و بصوت عال هادئة حزينة خلفية خلفي الجمهور الجميع بهدوء بعمق
        """,
        pauses="توقف وقفة صمت",
    ),
    "hi": _words(
        actions="""
            हँसते हंसते हँसता हंसता हँसती हंसती मुस्कुराते मुस्कुराता मुस्कुराती रोते रोता रोती फुसफुसाते खांसते
            खाँसते चिल्लाते गाते
        """,
        sounds="""
            हँसी हंसी हंसना मुस्कान आह खांसी खाँसी रोना फुसफुसाहट तालियां तालियाँ संगीत ध्वनि आवाज़ शोर मौन दृश्य
            कैमरा
        """,
        with_them="""
            हुए हुई हुआ है हैं की का के में से और धीमा धीमी तेज ज़ोर पृष्ठभूमि गहरी बजता सब
        """,
        pauses="विराम ठहराव मौन",
    ),
}
