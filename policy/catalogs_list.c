/* The tables of pg_catalog.  Left out, and so refused: what holds data (pg_statistic, pg_largeobject,
 * pg_statistic_ext_data), secrets (pg_authid, pg_user_mapping), other sessions and the server (pg_prepared_*,
 * pg_replication_*), grants (pg_init_privs). */
#include "policy/catalogs_list.h"

#define SYSTEM        CATALOGS_SYSTEM
#define IN_SCHEMA     CATALOGS_IN_SCHEMA
#define OF_RELATION(column) column " < " SYSTEM " OR " column " IN $relations"
#define INDEXES       "(SELECT i.indexrelid FROM pg_catalog.pg_index i WHERE i.indrelid IN $relations)"
#define CONSTRAINTS   "(SELECT k.oid FROM pg_catalog.pg_constraint k WHERE k.conrelid IN $relations)"
/* Sequences that columns own, and what belongs to a table otherwise. */
#define OWNED                                                                                      \
    "(SELECT d.objid FROM pg_catalog.pg_depend d WHERE d.classid = 1259 AND d.refclassid = 1259"   \
    " AND d.deptype IN ('a', 'i') AND d.refobjid IN $relations)"
#define COMPOSITES                                                                                 \
    "(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'c' AND " IN_SCHEMA("c.relnamespace") ")"
/* Row types of relations that the client may not read. */
#define HIDDEN_ROW_TYPES                                                                           \
    "(SELECT c.reltype FROM pg_catalog.pg_class c WHERE c.oid >= " SYSTEM                          \
    " AND c.reltype <> 0 AND c.relkind <> 'c' AND c.oid NOT IN $relations)"

const struct catalogs_relation catalogs_tables[] = {
    /* -- relations and what belongs to them -- */
    {"pg_catalog", "pg_class",
     "#oid relname:n #relnamespace #reltype #reloftype #relowner #relam reltablespace #reltoastrelid relhasindex "
     "relpages=0 reltuples=(-1)::pg_catalog.float4 relisshared relpersistence relkind:c relnatts "
     "relchecks relhasrules relhastriggers relhassubclass "
     "relrowsecurity relforcerowsecurity relispopulated relreplident relispartition:b reloptions "
     "relpartbound ~relacl",
     "relfilenode relallvisible relrewrite relfrozenxid relminmxid",
     "oid < " SYSTEM " OR oid IN $relations OR oid IN " INDEXES
     " OR (relkind IN ('S', 't') AND oid IN " OWNED ") OR (relkind = 'c' AND " IN_SCHEMA("relnamespace") ")",
     SEARCHED, "psql, every ORM.  Sizes and statistics are all tenants' together: those that drivers read are as of a "
     "table never analysed; grants (also below) name roles"},
    {"pg_catalog", "pg_attribute",
     "#attrelid attname:n #atttypid attstattarget attlen attnum:i attndims attcacheoff@-17 atttypmod attbyval "
     "attalign attstorage attcompression@14 attnotnull atthasdef:b atthasmissing attidentity attgenerated "
     "attisdropped:b attislocal attinhcount #attcollation ~attacl attoptions",
     "attfdwoptions attmissingval",
     OF_RELATION("attrelid") " OR attrelid IN " INDEXES " OR attrelid IN " COMPOSITES,
     SEARCHED, "columns.  attmissingval is a value of old rows; options of foreign columns may be secrets"},
    {"pg_catalog", "pg_attrdef", "#oid #adrelid adnum:i adbin", NULL, OF_RELATION("adrelid"), SEARCHED,
     "defaults of columns"},
    {"pg_catalog", "pg_index",
     "#indexrelid #indrelid indnatts indnkeyatts indisunique:b indnullsnotdistinct@15 indisprimary:b indisexclusion "
     "indimmediate indisclustered indisvalid:b indcheckxmin indisready indislive indisreplident indkey "
     "%indcollation %indclass indoption indexprs indpred",
     NULL, OF_RELATION("indrelid"), SEARCHED, "indexes, primary keys"},
    {"pg_catalog", "pg_constraint",
     "#oid conname:n #connamespace contype:c condeferrable condeferred convalidated #conrelid #contypid #conindid "
     "#conparentid #confrelid confupdtype confdeltype confmatchtype conislocal coninhcount connoinherit "
     "conkey confkey %conpfeqop %conppeqop %conffeqop confdelsetcols@15 %conexclop conbin",
     NULL, "(conrelid <> 0 AND (" OF_RELATION("conrelid") ")) OR oid < " SYSTEM
     " OR (conrelid = 0 AND " IN_SCHEMA("connamespace") ")",
     SEARCHED, "foreign keys, checks.  What a readable table refers to is part of its definition"},
    {"pg_catalog", "pg_inherits", "#inhrelid #inhparent inhseqno:i inhdetachpending@14", NULL,
     "inhrelid IN $relations AND inhparent IN $relations OR inhrelid IN " INDEXES, SEARCHED,
     "partitions and children"},
    {"pg_catalog", "pg_partitioned_table",
     "#partrelid partstrat partnatts #partdefid partattrs %partclass %partcollation partexprs", NULL,
     OF_RELATION("partrelid"), SEARCHED, "keys of partitioned tables"},
    {"pg_catalog", "pg_sequence", "#seqrelid #seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle",
     NULL, "seqrelid IN " OWNED, SEARCHED, "definitions of sequences that columns own; where they stand is elsewhere"},
    {"pg_catalog", "pg_trigger",
     "#oid #tgrelid #tgparentid@13 tgname:n #tgfoid tgtype tgenabled:c tgisinternal:b #tgconstrrelid #tgconstrindid "
     "#tgconstraint tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable tgnewtable",
     NULL, "(" OF_RELATION("tgrelid") ") AND (tgconstrrelid = 0 OR tgconstrrelid IN $relations)", SEARCHED, "psql's \\d; a foreign key's own triggers name the other table"},
    {"pg_catalog", "pg_rewrite", "#oid rulename:n #ev_class ev_type ev_enabled is_instead", "ev_qual ev_action",
     OF_RELATION("ev_class"), SEARCHED, "psql's \\d; the source is read by pg_get_ruledef"},
    {"pg_catalog", "pg_policy",
     "#oid polname:n #polrelid polcmd polpermissive %polroles polqual polwithcheck", NULL,
     OF_RELATION("polrelid"), SEARCHED, "psql's \\d"},
    {"pg_catalog", "pg_statistic_ext",
     "#oid #stxrelid stxname:n #stxnamespace #stxowner stxstattarget@13 stxkeys stxkind stxexprs@14", NULL,
     OF_RELATION("stxrelid"), SEARCHED, "psql's \\d: which statistics are kept, not what they say"},
    {"pg_catalog", "pg_depend", "classid objid objsubid:i refclassid refobjid refobjsubid:i deptype:c", NULL,
     "(classid = 1259 AND (objid IN $relations OR objid IN " OWNED " OR objid IN " INDEXES ")) OR "
     "(refclassid = 1259 AND refobjid IN $relations) OR "
     "(classid = 2604 AND objid IN (SELECT a.oid FROM pg_catalog.pg_attrdef a WHERE a.adrelid IN $relations)) OR "
     "(classid = 2606 AND objid IN " CONSTRAINTS ")",
     SEARCHED, "which column owns a sequence or takes its default from one, which index makes a foreign key possible; "
     "numbers of anything, so none of them may be given to a function"},
    {"pg_catalog", "pg_description", "#objoid #classoid objsubid:i description", NULL,
     "objoid < " SYSTEM " OR (classoid = 1259 AND (objoid IN $relations OR objoid IN " INDEXES ")) OR "
     "(classoid = 2606 AND objoid IN " CONSTRAINTS ")",
     SEARCHED, "comments of readable relations"},
    /* grants and settings of roles: as if there were none */
    {"pg_catalog", "pg_auth_members", "#oid@16 #roleid #member #grantor admin_option "
    "inherit_option@16 set_option@16",
     NULL, "false", SEARCHED, "psql's \\du"},
    {"pg_catalog", "pg_db_role_setting", "#setdatabase #setrole setconfig", NULL, "false", SEARCHED, "psql's \\drds"},
    {"pg_catalog", "pg_default_acl", "#oid #defaclrole #defaclnamespace defaclobjtype ~defaclacl", NULL, "false",
     SEARCHED, "psql's \\ddp"},
    /* replication: as if there were none */
    {"pg_catalog", "pg_publication",
     "#oid pubname #pubowner puballtables pubinsert pubupdate pubdelete pubtruncate pubviaroot@13", NULL, "false",
     NAMED, "psql's \\d asks; who reads the changes is the server's affair, so it is always empty"},
    {"pg_catalog", "pg_publication_rel", "#oid@13 #prpubid #prrelid prqual@15 prattrs@15", NULL, "false", SEARCHED,
     "likewise"},
    {"pg_catalog", "pg_publication_namespace", "#oid #pnpubid #pnnspid", NULL, "false", SEARCHED, "likewise"},
    {"pg_catalog", "pg_subscription",
     "#oid #subdbid subname #subowner subenabled subbinary@14 substream@14 subtwophasestate@15 subdisableonerr@15 "
     "subpasswordrequired@16 subrunasowner@16 subfailover@17 subsynccommit subpublications suborigin@16",
     "subskiplsn subconninfo subslotname", "false", NAMED, "psql's \\dRs"},
    /* other servers, whose options are secrets; what is the whole database's: as if there were none */
    {"pg_catalog", "pg_foreign_data_wrapper", "#oid fdwname #fdwowner #fdwhandler #fdwvalidator ~fdwacl",
     "fdwoptions", "false", NAMED, "psql's \\dew"},
    {"pg_catalog", "pg_foreign_server", "#oid srvname #srvowner #srvfdw srvtype srvversion ~srvacl", "srvoptions",
     "false", NAMED, "psql's \\des"},
    {"pg_catalog", "pg_foreign_table", "#ftrelid #ftserver", "ftoptions", "false", NAMED, "psql's \\det"},
    {"pg_catalog", "pg_event_trigger", "#oid evtname evtevent #evtowner #evtfoid evtenabled evttags", NULL, "false",
     NAMED, "psql's \\dy"},
    {"pg_catalog", "pg_largeobject_metadata", "#oid #lomowner ~lomacl", NULL, "false", NAMED, "psql's \\dl"},

    /* -- what types, functions and operators there are -- */
    {"pg_catalog", "pg_type",
     "#oid typname:n #typnamespace #typowner typlen:i typbyval typtype:c typcategory typispreferred typisdefined "
     "typdelim #typrelid %typsubscript@14 #typelem #typarray %typinput %typoutput %typreceive %typsend %typmodin "
     "%typmodout %typanalyze typalign typstorage typnotnull #typbasetype typtypmod typndims #typcollation "
     "typdefaultbin typdefault ~typacl",
     NULL,
     "oid < " SYSTEM " OR (" IN_SCHEMA("typnamespace") /* of an array: its elements' */
     " AND CASE WHEN typelem <> 0 AND typlen = -1 THEN typelem ELSE oid END NOT IN " HIDDEN_ROW_TYPES ")",
     LISTED, "every driver; row types of tables that may not be read are left out"},
    {"pg_catalog", "pg_enum", "#oid #enumtypid enumsortorder enumlabel:n", NULL,
     "enumtypid IN (SELECT t.oid FROM pg_catalog.pg_type t WHERE " IN_SCHEMA("t.typnamespace") ")", LISTED,
     "values of enums"},
    {"pg_catalog", "pg_range",
     "#rngtypid #rngsubtype #rngmultitypid@14 #rngcollation #rngsubopc %rngcanonical %rngsubdiff", NULL,
     "rngtypid < " SYSTEM " OR rngtypid IN (SELECT t.oid FROM pg_catalog.pg_type t WHERE "
     IN_SCHEMA("t.typnamespace") ")",
     LISTED, "drivers: range types"},
    {"pg_catalog", "pg_proc",
     "#oid proname:n #pronamespace #proowner #prolang procost prorows #provariadic %prosupport prokind:c prosecdef "
     "proleakproof proisstrict proretset provolatile proparallel pronargs pronargdefaults #prorettype "
     "%proargtypes %proallargtypes proargmodes proargnames proargdefaults %protrftypes",
     "proacl prosrc probin prosqlbody proconfig", "oid < " SYSTEM " OR " IN_SCHEMA("pronamespace"), SEARCHED,
     "psql's \\df, pgjdbc; the source of a function is its owner's"},
    {"pg_catalog", "pg_aggregate",
     "%aggfnoid aggkind aggnumdirectargs %aggtransfn %aggfinalfn %aggcombinefn %aggserialfn %aggdeserialfn "
     "%aggmtransfn %aggminvtransfn %aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify "
     "#aggsortop #aggtranstype aggtransspace #aggmtranstype aggmtransspace agginitval aggminitval",
     NULL, "aggfnoid::pg_catalog.oid < " SYSTEM " OR aggfnoid::pg_catalog.oid IN "
     "(SELECT p.oid FROM pg_catalog.pg_proc p WHERE " IN_SCHEMA("p.pronamespace") ")",
     LISTED, "psql's \\da"},
    {"pg_catalog", "pg_operator",
     "#oid oprname:n #oprnamespace #oprowner oprkind oprcanmerge oprcanhash #oprleft #oprright #oprresult #oprcom "
     "#oprnegate %oprcode %oprrest %oprjoin",
     NULL, "oid < " SYSTEM " OR " IN_SCHEMA("oprnamespace"), LISTED, "psql's \\do"},
    {"pg_catalog", "pg_cast", "#oid #castsource #casttarget #castfunc castcontext castmethod", NULL,
     "oid < " SYSTEM, LISTED, "psql's \\dC"},
    {"pg_catalog", "pg_am", "#oid amname:n %amhandler amtype", NULL, NULL, LISTED, "psql's \\d: kinds of indexes"},
    {"pg_catalog", "pg_amop",
     "#oid #amopfamily #amoplefttype #amoprighttype amopstrategy amoppurpose #amopopr #amopmethod #amopsortfamily",
     NULL, "oid < " SYSTEM, LISTED, "SQLAlchemy: operators of indexes"},
    {"pg_catalog", "pg_amproc", "#oid #amprocfamily #amproclefttype #amprocrighttype amprocnum %amproc", NULL,
     "oid < " SYSTEM, LISTED, "psql's \\dAp"},
    {"pg_catalog", "pg_opclass",
     "#oid #opcmethod opcname:n #opcnamespace #opcowner #opcfamily #opcintype opcdefault #opckeytype", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("opcnamespace"), LISTED, "introspection of indexes"},
    {"pg_catalog", "pg_opfamily", "#oid #opfmethod opfname #opfnamespace #opfowner", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("opfnamespace"), LISTED, "psql's \\dAf"},
    {"pg_catalog", "pg_collation",
     "#oid collname:n #collnamespace #collowner collprovider collisdeterministic collencoding collcollate collctype "
     "colliculocale@15-16 colllocale@17 collicurules@16 collversion",
     NULL, "oid < " SYSTEM " OR " IN_SCHEMA("collnamespace"), LISTED, "psql's \\d: collations of columns"},
    {"pg_catalog", "pg_conversion",
     "#oid conname:n #connamespace #conowner conforencoding contoencoding %conproc condefault", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("connamespace"), LISTED, "psql's \\dc"},
    {"pg_catalog", "pg_language",
     "#oid lanname:n #lanowner lanispl lanpltrusted #lanplcallfoid #laninline #lanvalidator ~lanacl", NULL, NULL,
     LISTED, "psql's \\dL and \\df"},
    {"pg_catalog", "pg_ts_config", "#oid cfgname:n #cfgnamespace #cfgowner #cfgparser", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("cfgnamespace"), LISTED, "psql's \\dF"},
    {"pg_catalog", "pg_ts_config_map", "#mapcfg maptokentype mapseqno #mapdict", NULL,
     "mapcfg < " SYSTEM, LISTED, "psql's \\dF+"},
    {"pg_catalog", "pg_ts_dict", "#oid dictname #dictnamespace #dictowner #dicttemplate", "dictinitoption",
     "oid < " SYSTEM " OR " IN_SCHEMA("dictnamespace"), LISTED, "psql's \\dFd; options name files of the server"},
    {"pg_catalog", "pg_ts_parser",
     "#oid prsname #prsnamespace %prsstart %prstoken %prsend %prsheadline %prslextype", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("prsnamespace"), LISTED, "psql's \\dFp"},
    {"pg_catalog", "pg_ts_template", "#oid tmplname #tmplnamespace %tmplinit %tmpllexize", NULL,
     "oid < " SYSTEM " OR " IN_SCHEMA("tmplnamespace"), LISTED, "psql's \\dFt"},
    {"pg_catalog", "pg_extension",
     "#oid extname:n #extowner #extnamespace extrelocatable extversion extconfig extcondition", NULL, NULL, NAMED,
     "ORMs ask whether an extension is there"},

    /* -- the database and who is in it: the client's own alone -- */
    {"pg_catalog", "pg_namespace", "#oid ^nspname:n #nspowner ~nspacl", NULL,
     "oid < " SYSTEM " OR nspname IN $schemas", NAMED,
     "joined by nearly every query, Kysely lists it; other schemas may be other tenants'"},
    {"pg_catalog", "pg_database",
     "#oid $datname:n #datdba encoding datlocprovider@15 datistemplate datallowconn dathasloginevt@17 "
     "datconnlimit datfrozenxid='0'::pg_catalog.xid datminmxid='0'::pg_catalog.xid dattablespace "
     "datcollate datctype daticulocale@15-16 datlocale@17 daticurules@16 datcollversion@15 ~datacl",
     NULL, "datname = pg_catalog.current_database()", NAMED,
     "ORMs look whether their database is there; the others may be other tenants'"},
    {"pg_catalog", "pg_tablespace", "#oid spcname #spcowner ~spcacl "
    "spcoptions=NULL::pg_catalog.text[]", NULL, "oid < " SYSTEM, NAMED,
     "psql's \\d; all but the built-in ones are places of the server"},
};
const size_t catalogs_ntables = sizeof catalogs_tables / sizeof *catalogs_tables;
