"""Words that tickets, release notes and articles use whatever they are about, so that sharing them tells nothing."""

_WORDS = """
    a about above add added adds after again ahead all allow allowed allows already also always an and another any
    anybody anyone are as at available be because been before being below better between both bug bugs but by called
    came can cannot change changed changes changing comes corrected could default deprecated did do does done down drop
    dropped drops during each easier either else every everybody everyone everything example extend extended few first
    fix fixed fixes fixing for from further get gets getting give given gives go goes got had has have how if improve
    improved improvement improvements in increase increased instead internal into introduce introduced introducing is
    issue issues it its itself just keep keeps kept last later less let lets like longer lower lowered made make makes
    making many may maybe me more most move moved moves much must named need needs never new newer newly next no nobody
    none nor not nothing now of off often old older on once one only onto or other others our out over own per place
    please possible previous previously problem problems put raise raised rather refactored release released releases
    remain remains removed remove removes renamed rename replace replaced replaces resolved retired same see seen sees
    set several shall should show shown shows since so some somebody someone something sometimes soon still such
    support supported supports take taken takes than that the their them then there therefore these they thing things
    this those through to today together too under until up update updated updates upgrade upgraded us use used uses
    using very via want was way we well went were what when where whether which while who whoever whose why will with
    within without work worked working works would yet you your yours
"""
EVERYDAY = frozenset(_WORDS.split())
