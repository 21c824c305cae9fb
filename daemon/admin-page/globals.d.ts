/** The version of the package this page was built from. */
declare const PAGE_VERSION: string;
