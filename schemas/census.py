"""The Department for Education's code sets, as published, so that no connector invents one.

Children in need census 2026 (CBDS) and the Standard Safeguarding Dataset.
"""

from schemas.codes import Code


class Ethnicity(Code):
    """Census ethnicity; many-to-one from NHS codes in places, so keep the source code beside it."""

    WBRI = "WBRI", "White British"
    WIRI = "WIRI", "White Irish"
    WIRT = "WIRT", "Traveller of Irish heritage"
    WOTH = "WOTH", "Any other White background"
    WROM = "WROM", "Gypsy or Roma"
    MWBC = "MWBC", "White and Black Caribbean"
    MWBA = "MWBA", "White and Black African"
    MWAS = "MWAS", "White and Asian"
    MOTH = "MOTH", "Any other mixed background"
    AIND = "AIND", "Indian"
    APKN = "APKN", "Pakistani"
    ABAN = "ABAN", "Bangladeshi"
    AOTH = "AOTH", "Any other Asian background"
    BCRB = "BCRB", "Black Caribbean"
    BAFR = "BAFR", "Black African"
    BOTH = "BOTH", "Any other Black background"
    CHNE = "CHNE", "Chinese"
    OOTH = "OOTH", "Any other ethnic group"
    REFU = "REFU", "Refused"
    NOBT = "NOBT", "Information not yet obtained"


class Disability(Code):
    """Census disability; NONE stands alone."""

    NONE = "NONE", "No disability"
    MOB = "MOB", "Mobility"
    HAND = "HAND", "Hand function"
    PC = "PC", "Personal care"
    INC = "INC", "Incontinence"
    COMM = "COMM", "Communication"
    LD = "LD", "Learning"
    HEAR = "HEAR", "Hearing"
    VIS = "VIS", "Vision"
    BEH = "BEH", "Behaviour"
    CON = "CON", "Consciousness"
    AUT = "AUT", "Autism or Asperger syndrome"
    DDA = "DDA", "Other disability"


class Sex(Code):
    """Sex as in the census from 2024/25; U covers the unborn."""

    MALE = "M", "Male"
    FEMALE = "F", "Female"
    UNKNOWN = "U", "Unborn or not known"


class PrimaryNeed(Code):
    """Primary need at assessment."""

    N1 = "N1", "Abuse or neglect"
    N2 = "N2", "Child's disability or illness"
    N3 = "N3", "Parental disability or illness"
    N4 = "N4", "Family in acute stress"
    N5 = "N5", "Family dysfunction"
    N6 = "N6", "Socially unacceptable behaviour"
    N7 = "N7", "Low income"
    N8 = "N8", "Absent parenting"
    N9 = "N9", "Cases other than children in need"
    N0 = "N0", "Not stated"


class ReferralSource(Code):
    """Where a referral came from."""

    FAMILY = "1A", "Individual: family member, relative or carer"
    ACQUAINTANCE = "1B", "Individual: acquaintance"
    SELF = "1C", "Individual: self"
    OTHER_INDIVIDUAL = "1D", "Individual: other"
    SCHOOL = "2A", "School"
    EDUCATION = "2B", "Education services"
    GP = "3A", "GP"
    HEALTH_VISITOR = "3B", "Health visitor"
    SCHOOL_NURSE = "3C", "School nurse"
    OTHER_PRIMARY_HEALTH = "3D", "Other primary health services"
    EMERGENCY_DEPARTMENT = "3E", "A&E (emergency department)"
    OTHER_HEALTH = "3F", "Other health services"
    HOUSING = "4", "Housing"
    SOCIAL_CARE = "5A", "Local authority social care"
    AUTHORITY_OTHER = "5B", "Local authority, other internal"
    AUTHORITY_EXTERNAL = "5C", "Local authority services, external"
    EARLY_HELP = "5D", "Early help"
    POLICE = "6", "Police"
    LEGAL = "7", "Other legal agency"
    OTHER = "8", "Other"
    ANONYMOUS = "9", "Anonymous"
    UNKNOWN = "10", "Unknown"


class Closure(Code):
    """Why a case closed."""

    RC1 = "RC1", "Adopted"
    RC2 = "RC2", "Died"
    RC3 = "RC3", "Child arrangements order"
    RC4 = "RC4", "Special guardianship order"
    RC5 = "RC5", "Transferred to another authority"
    RC6 = "RC6", "Transferred to adult services"
    RC7 = "RC7", "Services ended for any other reason, including no longer in need"
    RC8 = "RC8", "Closed after assessment, no further action"
    RC9 = "RC9", "Closed after assessment, to early help"


class Abuse(Code):
    """Category of abuse or harm."""

    NEG = "NEG", "Neglect"
    PHY = "PHY", "Physical abuse"
    SAB = "SAB", "Sexual abuse"
    EMO = "EMO", "Emotional abuse"
    MUL = "MUL", "Multiple categories"


class UpnUnknown(Code):
    """Why a child has no unique pupil number."""

    UN1 = "UN1", "Not of school age and not yet assigned"
    UN2 = "UN2", "Never attended a maintained school in England"
    UN3 = "UN3", "Educated outside England"
    UN4 = "UN4", "Newly in need, not yet collected"
    UN5 = "UN5", "Sources collating the return cannot obtain it"
    UN6 = "UN6", "Not available at the time of reporting"
    UN7 = "UN7", "Referral led to no further action"


class ContactOutcome(Code):
    """What a contact led to (Standard Safeguarding Dataset)."""

    NEW_REFERRAL = "NEW_REFERRAL", "New referral"
    EXISTING_REFERRAL = "EXISTING_REFERRAL", "Goes with an existing referral"
    CP_ENQUIRY = "CP_ENQUIRY", "Child protection enquiry"
    NFA = "NFA", "No further action"
    NON_AGENCY_ADOPTION = "NON_AGENCY_ADOPTION", "Non-agency adoption"
    PRIVATE_FOSTERING = "PRIVATE_FOSTERING", "Private fostering"
    ADVICE = "ADVICE", "Provision of information or advice"
    MISSING = "MISSING", "Missing child"
    OLA_CP = "OLA_CP", "Child protection matter of another authority"
    OTHER = "OTHER", "Other"


class ContactAction(Code):
    """The four actions of the Contact Record of the Integrated Children's System."""

    NO_FURTHER_ACTION = "no_further_action"
    PASSED_AS_REFERRAL = "passed_as_referral", "Passed on as a referral"
    INFORMATION_OR_ADVICE = "information_or_advice", "Information or advice given"
    TO_OTHER_AGENCY = "to_other_agency", "Referred to another agency"


class ReferralOutcome(Code):
    """What was decided on a referral (Standard Safeguarding Dataset, referral outcome category)."""

    NFA = "nfa", "No further action"
    ADVICE = "advice", "Advice and information or signpost"
    EARLY_HELP = "early_help", "Step-down to early help"
    ASSESSMENT = "assessment", "Assessment required"
    STRATEGY = "strategy", "Strategy discussion and/or section 47 enquiry"
    OTHER = "other"

    @property
    def below_threshold(self) -> bool:
        """True where the referrer is owed reasons and other support."""
        return self in (self.NFA, self.ADVICE, self.EARLY_HELP)


class ReferralFlag(Code):
    """What a referral set off, as flags (Standard Safeguarding Dataset)."""

    SINGLE_ASSESSMENT = "SINGLE_ASSESSMENT", "Single assessment"
    NFA = "NFA", "No further action"
    STRATEGY_DISCUSSION = "STRATEGY_DISCUSSION", "Strategy discussion"
    CLA_REQUEST = "CLA_REQUEST", "Request for a child to be looked after"
    CP_TRANSFER_IN = "CP_TRANSFER_IN", "Child protection transfer in"
    CP_CONFERENCE = "CP_CONFERENCE", "Child protection conference"
    CARE_LEAVER = "CARE_LEAVER", "Care leaver"
    OTHER = "OTHER", "Other"


class S47Outcome(Code):
    """What a section 47 enquiry led to (Standard Safeguarding Dataset)."""

    NFA = "NFA", "No further action"
    LEGAL_ACTION = "LEGAL_ACTION", "Legal action"
    PROV_OF_SERVICES = "PROV_OF_SERVICES", "Provision of services"
    PROV_OF_SB_CARE = "PROV_OF_SB_CARE", "Provision of short break care"
    CP_CONFERENCE = "CP_CONFERENCE", "Child protection conference"
    NFA_CONTINUE_SINGLE = "NFA_CONTINUE_SINGLE", "No further action, assessment continues"
    MONITOR = "MONITOR", "Monitor"


class Factor(Code):
    """Factor identified at the end of an assessment (A child, B parent or carer, C other).

    18A and 19A are withdrawn and refused; NONE stands alone.
    """

    ALCOHOL_CHILD = "1A", "Alcohol misuse: child"
    ALCOHOL_PARENT = "1B", "Alcohol misuse: parent or carer"
    ALCOHOL_OTHER = "1C", "Alcohol misuse: other in household"
    DRUGS_CHILD = "2A", "Drug misuse: child"
    DRUGS_PARENT = "2B", "Drug misuse: parent or carer"
    DRUGS_OTHER = "2C", "Drug misuse: other in household"
    DOMESTIC_CHILD = "3A", "Domestic abuse: child is the subject"
    DOMESTIC_PARENT = "3B", "Domestic abuse: parent or carer is the subject"
    DOMESTIC_OTHER = "3C", "Domestic abuse: other in household is the subject"
    MENTAL_CHILD = "4A", "Mental health: child"
    MENTAL_PARENT = "4B", "Mental health: parent or carer"
    MENTAL_OTHER = "4C", "Mental health: other in household"
    LEARNING_CHILD = "5A", "Learning disability: child"
    LEARNING_PARENT = "5B", "Learning disability: parent or carer"
    LEARNING_OTHER = "5C", "Learning disability: other in household"
    PHYSICAL_CHILD = "6A", "Physical disability or illness: child"
    PHYSICAL_PARENT = "6B", "Physical disability or illness: parent or carer"
    PHYSICAL_OTHER = "6C", "Physical disability or illness: other in household"
    YOUNG_CARER = "7A", "Young carer"
    PRIVATE_FOSTERING_B = "8B", "Privately fostered: overseas, intends to return"
    PRIVATE_FOSTERING_C = "8C", "Privately fostered: overseas, intends to stay"
    PRIVATE_FOSTERING_D = "8D", "Privately fostered: UK child in educational placement"
    PRIVATE_FOSTERING_E = "8E", "Privately fostered: UK child in alternative family arrangement"
    PRIVATE_FOSTERING_F = "8F", "Privately fostered: other"
    UASC = "9A", "Unaccompanied asylum-seeking child"
    MISSING = "10A", "Going missing"
    CSE = "11A", "Child sexual exploitation"
    TRAFFICKING = "12A", "Trafficking"
    GANGS = "13A", "Gangs"
    BEHAVIOUR = "14A", "Socially unacceptable behaviour"
    SELF_HARM = "15A", "Self-harm"
    NEGLECT = "16A", "Abuse or neglect: neglect"
    EMOTIONAL = "17A", "Abuse or neglect: emotional abuse"
    PHYSICAL_BY_CHILD = "18B", "Physical abuse: child on child"
    PHYSICAL_BY_ADULT = "18C", "Physical abuse: adult on child"
    SEXUAL_BY_CHILD = "19B", "Sexual abuse: child on child"
    SEXUAL_BY_ADULT = "19C", "Sexual abuse: adult on child"
    OTHER = "20", "Other"
    NONE = "21", "No factors identified"
    FGM = "22A", "Female genital mutilation"
    FAITH = "23A", "Abuse linked to faith or belief"
    CCE = "24A", "Child criminal exploitation"
